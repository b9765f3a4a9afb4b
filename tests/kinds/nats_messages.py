"""A client of a NATS server, with nothing of the product's: makes a stream, fills it, prints it.

nats_messages.py PORT create NAME | fill NAME FROM TO | print NAME
"""
import json
import os
import socket
import sys


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.file = self.socket.makefile("rb")
        self.file.readline()
        # A subject of its own: the answer to a client that was killed is not that of the next one.
        self.inbox = b"in.%d.%d" % (os.getpid(), id(self))
        self.send(b'CONNECT {"verbose":false,"user":"owner","pass":"secret"}\r\nSUB %s 1\r\n'
                  % self.inbox)

    def send(self, text):
        self.socket.sendall(text)

    def request(self, subject, payload):
        self.send(b"PUB %s %s %d\r\n%s\r\n" % (subject.encode(), self.inbox, len(payload), payload))
        while True:
            line = self.file.readline().split()
            if not line or line[0] == b"-ERR":
                sys.exit(f"server: {line}")
            if line[0] == b"PING":
                self.send(b"PONG\r\n")
            elif line[0] == b"MSG":
                return self.file.read(int(line[-1]) + 2)[:-2]

    def api(self, call, **request):
        answer = json.loads(self.request("$JS.API." + call, json.dumps(request).encode()))
        if "error" in answer:
            sys.exit(f"{call}: {answer['error']}")
        return answer


def main():
    client = Client(int(sys.argv[1]))
    verb, name = sys.argv[2:4]
    if verb == "create":
        client.api("STREAM.CREATE." + name, name=name, subjects=[name + ".>"], storage="file",
                   retention="limits", max_msgs=-1, max_bytes=-1, num_replicas=1)
    elif verb == "fill":
        for i in range(int(sys.argv[4]), int(sys.argv[5])):
            client.request(f"{name}.s{i % 3}", b"message %d " % i + b"x" * (i % 200))
    elif verb == "print":
        state = client.api("STREAM.INFO." + name)["state"]
        for sequence in range(state["first_seq"], state["last_seq"] + 1):
            message = client.api("STREAM.MSG.GET." + name, seq=sequence)["message"]
            print(sequence, message["subject"], message["data"])


main()
