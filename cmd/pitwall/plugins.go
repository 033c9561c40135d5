package main

import (
	"pitwall/cache/history"
)

// sources are the data sources by name, ready but for their keys.
func sources(s settings, o history.RemoteOptions) []history.Remote {
	with := func(key, secret, names string) history.RemoteOptions {
		x := o
		x.Key, x.Secret, x.KeyNames = key, secret, names
		return x
	}
	return []history.Remote{
		history.NewYahoo(o),
		history.NewAlpaca(with(first(s.AlpacaKey, s.AlpacaKey2), first(s.AlpacaSecret, s.AlpacaSecret2), "APCA_API_KEY_ID and APCA_API_SECRET_KEY (or ALPACA_API_KEY and ALPACA_API_SECRET)")),
		history.NewFred(with(s.FredKey, "", "FRED_API_KEY")),
		history.NewPolygon(with(s.PolygonKey, "", "POLYGON_API_KEY")),
		history.NewAlphaVantage(with(s.AlphaKey, "", "ALPHAVANTAGE_API_KEY")),
	}
}

// first is the first text that is not empty.
func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
