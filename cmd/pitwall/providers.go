package main

import (
	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/history"
)

// This file holds the tables of what can be plugged in: data sources and brokers.
// Model providers have theirs in agentloop/models/table.go, scripted models in
// agentloop/scripts/scripts.go.

// source is a row of the table of data sources. The store, the help of data,
// doctor and the page about data read it; nothing else names a source.
type source struct {
	name    string
	help    string  // what it gives
	keys    keyVars // key, then secret; empty = it needs none
	without string  // what it gives without its key; empty = nothing
	url     string  // its host, for doctor --network
	open    func(history.RemoteOptions) *history.Vendor
}

func sources() []source {
	return []source{
		{name: "yahoo", help: "split-adjusted; minutes reach back 30 days, hours 730", url: "https://query2.finance.yahoo.com", open: history.NewYahoo},
		{name: "stooq", help: "daily shares and indices of the US, as traded, no actions; few downloads a day", url: "https://stooq.com", open: history.NewStooq},
		{name: "binance", help: "crypto as traded, 1m to 1d; BTC/USD is BTCUSDT there", url: "https://data-api.binance.vision", open: history.NewBinance},
		{name: "coinbase", help: "crypto as traded, 1m to 1d; BTC/USD is BTC-USD there", url: "https://api.exchange.coinbase.com", open: history.NewCoinbase},
		{name: "kraken", help: "crypto as traded, 5m to 1d, the last 720 bars; BTC/USD is XBTUSD there", url: "https://api.kraken.com", open: history.NewKraken},
		{name: "alpaca", help: "as traded, with actions and news", keys: keyVars{{"APCA_API_KEY_ID", "ALPACA_API_KEY"}, {"APCA_API_SECRET_KEY", "ALPACA_API_SECRET"}},
			url: "https://data.alpaca.markets", open: history.NewAlpaca},
		{name: "fred", help: "macro series with their vintages", keys: keyVars{{"FRED_API_KEY"}}, without: "today's (revised) values only", url: "https://api.stlouisfed.org", open: history.NewFred},
		{name: "edgar", help: "statements and form 4 as US companies filed them; SEC_USER_AGENT is your name and email address", keys: keyVars{{"SEC_USER_AGENT"}}, url: "https://data.sec.gov", open: history.NewEdgar},
		{name: "polygon", help: "as traded, with actions", keys: keyVars{{"POLYGON_API_KEY"}}, url: "https://api.polygon.io", open: history.NewPolygon},
		{name: "alphavantage", help: "as traded, no actions", keys: keyVars{{"ALPHAVANTAGE_API_KEY"}}, url: "https://www.alphavantage.co", open: history.NewAlphaVantage},
	}
}

// connect returns the source with its keys.
func (s source) connect(cfg settings, o history.RemoteOptions) *history.Vendor {
	values, _ := s.keys.lookUp(cfg)
	o.KeyNames = s.keys.String()
	for i, v := range values {
		*[]*string{&o.Key, &o.Secret}[i] = v
	}
	return s.open(o)
}

// String is the source in one line of help.
func (s source) String() string {
	keys := s.keys.String()
	if keys == "" {
		keys = "no key"
	}
	line := keys + "; " + s.help
	if s.without != "" {
		line += "; without the key " + s.without
	}
	return line
}

// broker is a row of the table of brokers.
type broker struct {
	name  string
	modes []pitwall.Mode
	keys  keyVars // empty = it needs none
	// open returns the account, without a connection yet; nil where fills are simulated.
	open func(connection) (*driver.Remote, error)
}

// connection is what a broker is opened with.
type connection struct {
	keys   []string // in the order of the row
	live   bool     // real money
	url    string   // of a fake on this machine; empty = the broker's own
	prices string   // the broker's source of stock prices; empty = the account's default
}

func brokers() []broker {
	return []broker{
		{name: "sim", modes: []pitwall.Mode{pitwall.Sim}},
		{name: "paper", modes: []pitwall.Mode{pitwall.Paper}},
		{name: "alpaca", modes: []pitwall.Mode{pitwall.Paper, pitwall.Live}, keys: keyVars{{"APCA_API_KEY_ID", "ALPACA_API_KEY"}, {"APCA_API_SECRET_KEY", "ALPACA_API_SECRET"}},
			open: func(c connection) (*driver.Remote, error) {
				return driver.Alpaca(driver.AlpacaConfig{Key: c.keys[0], Secret: c.keys[1], Live: c.live, URL: c.url, Prices: c.prices, Now: hostNow, Sleep: hostSleep})
			}},
	}
}
