# book.sh RATE [AS_OF]: a price book of one row.
cat <<END
{"backcast_prices":1,"name":"t","provider":"T","as_of":"2026-01-01","currency":"USD","meters":[
{"name":"s","kind":"storage","unit":"GB-Months","size":"1 GB","per":"30d"}],"prices":[
{"service":"S","meter":"s",$1,"source":"x","certainty":"high","as_of":"${2:-2026}"}]}
END
