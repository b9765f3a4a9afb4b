"""A folder in which the program runs with homes of its own."""
import os


class Place:
    def __init__(self, folder):
        self.folder = folder
        self.env = {name: value for name, value in os.environ.items()
                    if not name.startswith("BACKCAST_")}
        self.env.update(HOME=folder, XDG_CONFIG_HOME=self.path("config"),
                        XDG_CACHE_HOME=self.path("cache"), LC_ALL="C.UTF-8")
        with open(self.path("pass"), "w") as out:
            out.write("secret\n")

    def path(self, *names):
        return os.path.join(self.folder, *names)
