"""What all sources of recorded histories have in common."""
import random

SUNDAY = 6
WORDS = ("accepted closed connection session user request query timeout retry disk cache upstream "
         "worker started stopped GET POST index queue packet route error warning denied").split()


def how_busy(rng, day):
    """Weekends are quiet, and no two days are alike."""
    return (0.25 if day % 7 >= 5 else 1) * rng.lognormvariate(0, 0.3)


class Source:
    @staticmethod
    def missing():
        """What this machine lacks to make it, in a sentence; "" where nothing."""
        return ""

    def __init__(self, work, seed, scale):
        self.work, self.scale = work, scale
        self.rng = random.Random(seed)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass
