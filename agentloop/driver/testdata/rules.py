"""The rules of rules_test.go in plain Python: bars in, equity at each close out.

python3 rules.py NAME BARS.csv      (no packages)

Costs: 10 bps commission, 5 bps slippage, a cash buffer of 2 %, whole shares, a cash
account. Orders are sized at a close and filled at the next open, sales first.
"""
import csv
import statistics
import sys
from decimal import ROUND_DOWN, Decimal as D

BAND = 0.05
CASH, FEE, SLIP, BUFFER = D(100000), D("0.001"), D("0.0005"), D("0.02")


def cross(bars, i):
    if i < 19:
        return None
    closes = [b["close"] for b in bars[i - 19:i + 1]]
    return 1 if closes[-1] > sum(closes) / len(closes) else 0


def channel(bars, i):
    if i < 12:
        return None
    if bars[i]["close"] >= max(b["high"] for b in bars[i - 12:i]):
        return 1
    if bars[i]["close"] <= min(b["low"] for b in bars[i - 6:i]):
        return 0
    return None


def volatility(bars, i):
    returns = [bars[k]["close"] / bars[k - 1]["close"] - 1 for k in range(max(1, i - 19), i + 1)]
    if len(returns) < 20:
        return None
    return min(1, 0.08 / (statistics.stdev(returns) * 252 ** 0.5))


def gain(bars, i):
    return bars[i]["close"] / bars[i - 30]["close"] - 1 if i >= 30 else None


def rotation(all_bars, i):
    gains = {s: gain(b, i) for s, b in all_bars.items()}
    if None in gains.values():
        return dict.fromkeys(gains)
    best = max(gains.values())
    return {s: 1 if g == best and g > 0 else 0 for s, g in gains.items()}


def each(f):
    return lambda all_bars, i: {s: f(b, i) for s, b in all_bars.items()}


RULES = {"cross": each(cross), "channel": each(channel), "volatility": each(volatility), "rotation": rotation}


def run(rule, bars, money):
    symbols, cash, held, pending = sorted(bars), CASH, {}, []
    for i in range(len(bars[symbols[0]])):
        for symbol, qty in pending:  # fill at this open
            price = money[symbol][i]["open"] * (1 + SLIP if qty > 0 else 1 - SLIP)
            cash -= price * qty + abs(price * qty) * FEE
            held[symbol] = held.get(symbol, 0) + qty
        last = {s: money[s][i]["close"] for s in symbols}
        equity = cash + sum(held.get(s, 0) * last[s] for s in symbols)
        print(f"{equity:.4f}")
        sales, purchases = [], []
        for symbol, weight in rule(bars, i).items():
            have = held.get(symbol, 0)
            share = float(round(have * last[symbol] / equity, 4))
            if weight is None or weight == 0 and have == 0:
                continue
            if abs(weight - share) > BAND or weight == 0:
                target = D(weight).quantize(D("0.000001"), ROUND_DOWN)
                (sales if weight < share else purchases).append((symbol, target))
        pending, power = [], cash
        for symbol, target in sales:
            qty = held[symbol] - int(equity * target / last[symbol])
            proceeds = last[symbol] * (1 - SLIP) * qty * (1 - FEE)
            power += proceeds * (1 - BUFFER)
            pending.append((symbol, -qty))
        for symbol, target in purchases:
            each_costs = last[symbol] * (1 + SLIP) * (1 + FEE)
            qty = int(equity * (1 - BUFFER) * target / each_costs) - held.get(symbol, 0)
            qty = min(qty, int((power - equity * BUFFER) / each_costs))
            power -= qty * each_costs
            if qty > 0:
                pending.append((symbol, qty))


def main():
    bars, money = {}, {}
    with open(sys.argv[2], newline="") as f:
        for row in csv.DictReader(f):
            prices = {k: row[k] for k in ("open", "high", "low", "close")}
            bars.setdefault(row["symbol"], []).append({k: float(v) for k, v in prices.items()})
            money.setdefault(row["symbol"], []).append({k: D(v) for k, v in prices.items()})
    run(RULES[sys.argv[1]], bars, money)


main()
