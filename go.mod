module pitwall

go 1.26.0

toolchain go1.26.8

require (
	cloud.google.com/go v0.121.0 // calendar dates in the interface of Alpaca's library
	github.com/alpacahq/alpaca-trade-api-go/v3 v3.9.1 // bars, corporate actions and news of Alpaca, named by the owner
	github.com/apache/arrow-go/v18 v18.5.1 // Feather files; the version that DuckDB names, 7 MB of the binary
	github.com/caarlos0/env/v11 v11.4.2 // settings from the environment, named by the owner
	github.com/chromedp/chromedp v0.23.0 // tests: a headless browser opens the pages
	github.com/coder/websocket v1.8.15 // Alpaca's stream of trade updates; their Go client brings it anyway
	github.com/creack/pty v1.1.24 // tests: what is written to a terminal
	github.com/duckdb/duckdb-go/v2 v2.10506.0 // the agent's SQL engine and the Parquet reader; DuckDB 1.5.6 (2.0.0 not taken: tools/duckdb/doc.go)
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // the standard library's next encoding/json: reads the records of turns in less than half the time; chromedp brings it anyway
	github.com/google/jsonschema-go v0.4.3 // tool schemas from Go types; the SDK's own choice
	github.com/joho/godotenv v1.5.1 // .env files, which env does not read
	github.com/markcheno/go-talib v0.0.0-20250114000313-ec55a20c902f // formulas of the indicators
	github.com/modelcontextprotocol/go-sdk v1.8.0 // the protocol, both eras
	github.com/piquette/finance-go v1.1.0 // chart history of Yahoo, named by the owner
	github.com/spf13/cobra v1.10.2 // the command line: help, flags, completion
	go.yaml.in/yaml/v3 v3.0.6 // strategy files with known fields only; the kept successor of gopkg.in/yaml.v3
	golang.org/x/sys v0.50.0 // moves descriptor 1 away from the protocol
	golang.org/x/term v0.47.0 // is stderr a terminal
	golang.org/x/text v0.44.0 // UTF-16 and Windows-1252 of price files; genai brings it anyway
	golang.org/x/time v0.15.0 // rate limits of the data sources
	gonum.org/v1/plot v0.17.0 // charts in pure Go, fonts included: SVG for the page, PNG to share
)

require (
	github.com/duckdb/duckdb-go-bindings v0.10506.0 // Parquet by columns; what duckdb-go is made of
	github.com/duckdb/duckdb-go-bindings/lib/darwin-amd64 v0.10506.0 // indirect
	github.com/duckdb/duckdb-go-bindings/lib/darwin-arm64 v0.10506.0 // indirect
	github.com/duckdb/duckdb-go-bindings/lib/linux-amd64 v0.10506.0 // indirect
	github.com/duckdb/duckdb-go-bindings/lib/linux-arm64 v0.10506.0 // indirect
	github.com/duckdb/duckdb-go-bindings/lib/windows-amd64 v0.10506.0 // indirect
	github.com/go-viper/mapstructure/v2 v2.5.0 // indirect
	github.com/goccy/go-json v0.10.5 // indirect
	github.com/google/flatbuffers v25.12.19+incompatible // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/josharian/intern v1.0.0 // indirect
	github.com/klauspost/compress v1.20.4 // zstd of the replay cache, in pure Go; DuckDB brings it anyway
	github.com/klauspost/cpuid/v2 v2.3.0 // indirect
	github.com/mailru/easyjson v0.7.7 // indirect
	github.com/pierrec/lz4/v4 v4.1.25 // indirect
	github.com/segmentio/asm v1.1.3 // indirect
	github.com/segmentio/encoding v0.5.4 // indirect
	github.com/shopspring/decimal v1.3.1 // money in the interface of Alpaca's library
	github.com/spf13/pflag v1.0.9 // indirect
	github.com/stretchr/testify v1.12.1 // tests, named by the owner
	github.com/yosida95/uritemplate/v3 v3.0.2 // indirect
	github.com/zeebo/xxh3 v1.1.0 // indirect
	go.uber.org/goleak v1.3.0 // tests: no goroutine stays behind
	golang.org/x/exp v0.0.0-20260112195511-716be5621a96 // indirect
	golang.org/x/mod v0.42.0 // indirect
	golang.org/x/oauth2 v0.36.0 // indirect
	golang.org/x/sync v0.25.0 // indirect
	golang.org/x/telemetry v0.0.0-20261009151841-97e8ea77aa2a // indirect
	golang.org/x/tools v0.52.0 // indirect
	golang.org/x/xerrors v0.0.0-20240903120638-7835f813f4da // indirect
	pgregory.net/rapid v1.3.0 // tests: properties with shrinking
)

require github.com/chromedp/cdproto v0.159.0

require (
	codeberg.org/go-fonts/liberation v0.5.0 // indirect
	codeberg.org/go-latex/latex v0.2.0 // indirect
	codeberg.org/go-pdf/fpdf v0.11.1 // indirect
	git.sr.ht/~sbinet/gg v0.7.0 // indirect
	github.com/ajstarks/svgo v0.0.0-20211024235047-1546f124cd8b // indirect
	github.com/golang/freetype v0.0.0-20170609003504-e2365dfdc4a0 // indirect
	golang.org/x/image v0.48.0 // indirect
	gonum.org/v1/gonum v0.17.0 // indirect
)
