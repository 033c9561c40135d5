"""Alpaca's own Python client against the fake: python alpaca_py.py URL"""
import asyncio
import sys
import threading
import urllib.request

from alpaca.common.exceptions import APIError
from alpaca.data.historical import StockHistoricalDataClient
from alpaca.data.requests import StockLatestBarRequest
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderClass, OrderSide, OrderStatus, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import (GetOrdersRequest, LimitOrderRequest, MarketOrderRequest, ReplaceOrderRequest,
                                     StopLossRequest, TakeProfitRequest)
from alpaca.trading.stream import TradingStream

url = sys.argv[1]
trading = TradingClient("key", "secret", paper=True, url_override=url)
data = StockHistoricalDataClient("key", "secret", url_override=url)
calls = 0


def step():
    urllib.request.urlopen(urllib.request.Request(url + "/fake/step", method="POST")).read()


def check(name, ok):
    global calls
    calls += 1
    if not ok:
        sys.exit(f"call {calls}, {name}: not as expected")


events, listening = [], threading.Event()
stream = TradingStream("key", "secret", paper=True, url_override="ws" + url.removeprefix("http") + "/stream")


async def on_update(update):
    events.append((str(getattr(update.event, "value", update.event)), update.qty))


stream.subscribe_trade_updates(on_update)
threading.Thread(target=stream.run, daemon=True).start()
for _ in range(200):  # until the client listens
    if getattr(stream, "_running", False):
        break
    threading.Event().wait(0.05)
threading.Event().wait(0.5)

account = trading.get_account()
check("account", float(account.equity) == 100_000 and account.status.value == "ACTIVE")
check("clock", trading.get_clock().next_close > trading.get_clock().timestamp)
check("calendar", len(trading.get_calendar()) > 10)
check("asset", trading.get_asset("AAPL").tradable)
check("latest bar", data.get_stock_latest_bar(StockLatestBarRequest(symbol_or_symbols="AAPL"))["AAPL"].close == 100)
order = trading.submit_order(MarketOrderRequest(symbol="AAPL", qty=150, side=OrderSide.BUY, time_in_force=TimeInForce.GTC,
                                                client_order_id="one"))
check("market order", order.client_order_id == "one" and order.status == OrderStatus.PENDING_NEW)
try:
    trading.submit_order(MarketOrderRequest(symbol="AAPL", qty=150, side=OrderSide.BUY, time_in_force=TimeInForce.GTC,
                                            client_order_id="one"))
    check("duplicate", False)
except APIError as e:
    check("duplicate", e.code == 40010001 and e.status_code == 422)
step()
check("partial fill", trading.get_order_by_client_id("one").status == OrderStatus.PARTIALLY_FILLED)
step()
check("fill", trading.get_order_by_id(order.id).filled_qty == "150")
check("position", trading.get_open_position("AAPL").qty == "150")
limit = trading.submit_order(LimitOrderRequest(symbol="AAPL", qty=1, side=OrderSide.BUY, time_in_force=TimeInForce.DAY, limit_price=50,
                                               client_order_id="two"))
changed = trading.replace_order_by_id(limit.id, ReplaceOrderRequest(limit_price=60))
check("replace", changed.limit_price == "60" and changed.replaces == limit.id)
check("open orders", len(trading.get_orders(GetOrdersRequest(status=QueryOrderStatus.OPEN))) == 1)
trading.cancel_order_by_id(changed.id)
check("cancel", trading.get_order_by_id(changed.id).status == OrderStatus.CANCELED)
bracket = trading.submit_order(MarketOrderRequest(symbol="AAPL", qty=5, side=OrderSide.BUY, time_in_force=TimeInForce.GTC,
                                                  order_class=OrderClass.BRACKET, take_profit=TakeProfitRequest(limit_price=200),
                                                  stop_loss=StopLossRequest(stop_price=40)))
check("bracket", len(bracket.legs) == 2 and {leg.status for leg in bracket.legs} == {OrderStatus.HELD})
check("cancel all", len(trading.cancel_orders()) == 3)
check("close", trading.close_position("AAPL").side == OrderSide.SELL)
step()  # a day order for 150 at 100 a bar: the rest expires
trading.close_position("AAPL")
step()
check("flat", trading.get_all_positions() == [])
for _ in range(100):
    if len(events) >= 4:
        break
    threading.Event().wait(0.05)
check("stream", [e for e in events if "fill" in e[0]][:2] == [("partial_fill", 100.0), ("fill", 50.0)])
stream.stop()
print(f"ok {calls} calls")
