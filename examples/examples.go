// Package examples embeds the bundled strategies and data, so that the binary
// works from any folder. buyhold, cross, desk, fund, momentum and volatility run as they are; the others need data
// that the comment at their top says how to fetch.
package examples

import "embed"

// FS holds the examples under their folder names: momentum/strategy.yaml,
// data/aapl_daily.csv.
//
//go:embed data buyhold cross desk desk_ten fund m2_liquidity macro_risk momentum momentum_allocator news_sentiment volatility
var FS embed.FS
