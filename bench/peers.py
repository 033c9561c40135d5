#!/usr/bin/env python3
"""Times Pitwall beside other backtesters on one machine, in turn.

    go build -o pitwall ./cmd/pitwall
    python3 -m venv peers
    peers/bin/pip install backtesting==0.6.6 backtrader==1.9.78.123 vectorbt==1.2.0
    peers/bin/python bench/peers.py ./pitwall [ROUNDS]

A peer that is not installed is named and left out. Each figure is the median of ROUNDS
(default 5) with the range: CPU seconds (user and system) of a whole process, wall
seconds, and the peak of memory. The cases of Pitwall write every file and the page.
The cross buys at the next open when a close is above the average of the last 100, and
sells below it. Machines differ by more than programs do: compare within one output.
"""

import datetime
import importlib.metadata
import os
import statistics
import subprocess
import sys
import tempfile
import time

CROSS_BARS = 2000

BACKTESTING = """
import pandas as pd
from backtesting import Backtest, Strategy
d = pd.read_csv('bars.csv', parse_dates=['timestamp'], index_col='timestamp')
d = d.rename(columns=str.capitalize)[['Open', 'High', 'Low', 'Close', 'Volume']]
class Cross(Strategy):
    def init(self):
        self.m = self.I(lambda x: pd.Series(x).rolling(100).mean(), self.data.Close)
    def next(self):
        if self.data.Close[-1] > self.m[-1]:
            if not self.position: self.buy()
        elif self.position: self.position.close()
print(Backtest(d, Cross, cash=1e6, commission=.001, finalize_trades=True).run()['Return [%]'])
"""

BACKTRADER = """
import pandas as pd, backtrader as bt
d = pd.read_csv('bars.csv', parse_dates=['timestamp'], index_col='timestamp')
class Cross(bt.Strategy):
    def __init__(self): self.m = bt.indicators.SMA(period=100)
    def next(self):
        if self.data.close[0] > self.m[0]:
            if not self.position: self.order_target_percent(target=.95)
        elif self.position: self.close()
c = bt.Cerebro()
c.addstrategy(Cross)
c.adddata(bt.feeds.PandasData(dataname=d))
c.broker.setcash(1e6)
c.broker.setcommission(.001)
c.run()
print(c.broker.getvalue() / 1e6 - 1)
"""

VECTORBT = """
import pandas as pd, vectorbt as vbt
d = pd.read_csv('bars.csv', parse_dates=['timestamp'], index_col='timestamp')
above = d.close > d.close.rolling(100).mean()
held = above.shift(1, fill_value=False)
p = vbt.Portfolio.from_signals(d.open, held, ~held, init_cash=1e6, fees=.001, freq='1D')
print(p.total_return())
"""

PEERS = {"backtesting": BACKTESTING, "backtrader": BACKTRADER, "vectorbt": VECTORBT}


def write(path, symbols, bars, step):
    """Writes a random walk of each symbol."""
    with open(path, "w") as f:
        f.write("symbol,timestamp,open,high,low,close,volume\n")
        for k in range(symbols):
            at, price, x = datetime.datetime(2010, 1, 4, 14, 30), 10000, k * 7919 + 1
            for _ in range(bars):
                x = (x * 1103515245 + 12345) & 0x7FFFFFFF
                price = max(500, price + (x >> 16) % 41 - 20)
                p, text = price / 100, at.strftime("%Y-%m-%d" if step.days else "%Y-%m-%dT%H:%M:%SZ")
                f.write("S%04d,%s,%.2f,%.2f,%.2f,%.2f,100000\n" % (k, text, p, p + 1, p - 1, p))
                at += step
                while step.days and at.weekday() > 4:
                    at += step


def strategy(symbols, rest):
    names = ", ".join("S%04d" % k for k in range(symbols))
    return "name: bench\nsymbols: [%s]\ndata: [bars.csv]\ncash: 1000000\n%s" % (names, rest)


def used(command, folder):
    """Runs a command and returns CPU seconds, wall seconds and MB."""
    started = time.monotonic()
    with open(os.path.join(folder, "log"), "w") as log:
        child = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        _, status, u = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit("%s failed:\n%s" % (command[0], open(os.path.join(folder, "log")).read()[-2000:]))
    return u.ru_utime + u.ru_stime, time.monotonic() - started, u.ru_maxrss / (1 if sys.platform != "darwin" else 1024) / 1000


def show(name, rounds):
    cpu, wall, memory = zip(*rounds)
    cell = lambda x, digits: "%.*f (%.*f-%.*f)" % (digits, statistics.median(x), digits, min(x), digits, max(x))
    print("| %s | %s | %s | %s |" % (name, cell(cpu, 2), cell(wall, 2), cell(memory, 0)), flush=True)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    pitwall, count = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5
    installed = {}
    for name in PEERS:
        try:
            installed[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            print("%s is not installed and left out" % name)
    with tempfile.TemporaryDirectory() as top:
        hold = "every: %d\nagent: {model: script/buyhold, prompt: Hold.}\n"
        cases = {
            "a million minute bars, buy and hold": (1, 1_000_000, datetime.timedelta(minutes=1), hold % 10_000),
            "500 symbols of 2,520 daily bars, buy and hold": (500, 2520, datetime.timedelta(days=1), hold % 21),
            "cross over %d daily bars, pitwall" % CROSS_BARS: (1, CROSS_BARS, datetime.timedelta(days=1), "rule: close > avg(close) over (h rows 99 preceding)\n"),
        }
        commands = {}
        for n, (name, (symbols, bars, step, rest)) in enumerate(cases.items()):
            folder = os.path.join(top, str(n))
            os.mkdir(folder)
            write(os.path.join(folder, "bars.csv"), symbols, bars, step)
            with open(os.path.join(folder, "s.yaml"), "w") as f:
                f.write(strategy(symbols, rest))
            commands[name] = ([pitwall, "backtest", "s.yaml", "--no-cache"], folder)
        for name, version in installed.items():
            commands["cross, %s %s" % (name, version)] = ([sys.executable, "-c", PEERS[name]], folder)
        rounds = {name: [] for name in commands}
        for _ in range(count):  # in turn
            for name, (command, folder) in commands.items():
                rounds[name].append(used(command, folder))
    print("| case | CPU seconds | wall seconds | MB |\n|---|---|---|---|")
    for name, list_ in rounds.items():
        show(name, list_)


if __name__ == "__main__":
    main()
