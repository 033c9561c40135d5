package history

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"pitwall"
)

// edgar asks two hosts at one rate: data.sec.gov and www.sec.gov.
type edgar struct {
	*Vendor
	www  *Vendor
	ciks map[string]int // by ticker, once they were asked for
}

// NewEdgar returns the source of company facts (statements) and insider trades (filings)
// of EDGAR, the archive of the US Securities and Exchange Commission. It needs no key but
// a contact, which travels as the User-Agent: SEC_USER_AGENT="Jane Doe jane@example.com".
//
// A row's known time is the end of the day of its filing in New York, which is late by hours
// and never early. Statements (edgar_facts.go): every figure that a filing states for the
// first time, or changes from the filing before it, with the filing's own date: a restated
// figure appears twice, and a figure repeated unchanged is left out and counted. The archive names the filing's fiscal period, not the figure's, so that periods
// are named by the report whose last day they end on. Filings (edgar_forms.go): a row for
// each transaction of forms 4 and 4/A.
//
// AAPL and BRK.B are found by EDGAR's list of today's tickers: companies that are no longer
// listed are not on it. Eight requests a second, of the ten that are allowed.
//
// Tested against documented payloads and local servers only.
func NewEdgar(o RemoteOptions) *Vendor {
	archive := o.BaseURL
	if archive == "" {
		archive = "https://www.sec.gov"
	}
	e := &edgar{Vendor: newVendor("edgar", "https://data.sec.gov", 480, o)}
	e.wire.agent = o.Key
	e.wire.accept = func(status int, body []byte) bool { return status == http.StatusForbidden && edgarBlocked(body) != nil }
	e.wire.check = func(_ *http.Request, body []byte) error { return edgarBlocked(body) }
	e.needs, e.asks = []string{o.Key}, "a contact, which the SEC asks for"
	www := *e.Vendor
	www.opts.BaseURL = archive
	e.www = &www
	e.offers = []Offer{{Kind: KindStatements, Chunk: Whole}, {Kind: KindFilings, Chunk: ByYear}} // a form is a request of its own
	e.fetch = map[RowKind]func(context.Context, Request) (*Answer, error){KindStatements: e.statements, KindFilings: e.filings}
	return e.Vendor
}

// edgarBlocked returns the error for the page that EDGAR sends to who asks too often, or
// without a contact; nil for any other body.
func edgarBlocked(body []byte) error {
	switch {
	case bytes.Contains(body, []byte("Undeclared Automated Tool")):
		return pitwall.Errorf(pitwall.NotAllowed, "refused: it takes the User-Agent for no contact").Hintf(`set SEC_USER_AGENT to your name and email address, such as "Jane Doe jane@example.com"`)
	case bytes.Contains(body, []byte("Request Rate Threshold Exceeded")):
		return pitwall.Errorf(pitwall.Timeout, "refused: too many requests from this address").Hintf("wait ten minutes, then " + tryAgain)
	}
	return nil
}

// cik returns the number that EDGAR files a ticker's company under, as it writes it.
func (e *edgar) cik(ctx context.Context, symbol string) (string, error) {
	if !strings.Contains(e.opts.Key, "@") {
		return "", pitwall.Errorf(pitwall.NotAllowed, "the contact has no email address").Hintf(`set %s to your name and email address, such as "Jane Doe jane@example.com"`, e.opts.KeyNames)
	}
	if e.ciks == nil {
		raw, err := e.www.get(ctx, "/files/company_tickers.json", nil, nil)
		if err != nil {
			return "", err
		}
		var list map[string]struct {
			CIK    int    `json:"cik_str"`
			Ticker string `json:"ticker"`
		}
		if err := json.Unmarshal(raw, &list); err != nil || len(list) == 0 {
			return "", garbage("the list of tickers: %s", oneLine(raw))
		}
		e.ciks = make(map[string]int, len(list))
		for _, c := range list {
			e.ciks[c.Ticker] = c.CIK
		}
	}
	cik := e.ciks[strings.ReplaceAll(symbol, ".", "-")]
	if cik == 0 {
		return "", pitwall.Errorf(pitwall.NoCoverage, "no company %s in its list of tickers", symbol).Hintf("check the ticker: funds and companies that are no longer listed are not in it")
	}
	return fmt.Sprintf("%010d", cik), nil
}
