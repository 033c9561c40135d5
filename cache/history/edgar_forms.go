package history

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding/htmlindex"
)

// edgarFilings are lists of one length: what a company filed, newest first.
type edgarFilings struct {
	Accession []string `json:"accessionNumber"`
	Filed     []string `json:"filingDate"`
	Form      []string `json:"form"`
	Document  []string `json:"primaryDocument"`
}

// edgarValue is how a form writes a cell; what a footnote says instead is no value.
type edgarValue struct {
	Text string `xml:"value"`
}

// edgarForm is the part of form 4 that is kept.
type edgarForm struct {
	Type   string `xml:"documentType"`
	Issuer int    `xml:"issuer>issuerCik"`
	Owners []struct {
		Name     string `xml:"reportingOwnerId>rptOwnerName"`
		Director string `xml:"reportingOwnerRelationship>isDirector"` // 1 or true
		Tenth    string `xml:"reportingOwnerRelationship>isTenPercentOwner"`
		Title    string `xml:"reportingOwnerRelationship>officerTitle"`
	} `xml:"reportingOwner"`
	Shares      []edgarTrade `xml:"nonDerivativeTable>nonDerivativeTransaction"`
	Derivatives []edgarTrade `xml:"derivativeTable>derivativeTransaction"`
}

// edgarTrade is a transaction.
type edgarTrade struct {
	Security edgarValue `xml:"securityTitle"`
	Date     edgarValue `xml:"transactionDate"`
	Code     string     `xml:"transactionCoding>transactionCode"`
	Shares   edgarValue `xml:"transactionAmounts>transactionShares"`
	Price    edgarValue `xml:"transactionAmounts>transactionPricePerShare"`
	Acquired edgarValue `xml:"transactionAmounts>transactionAcquiredDisposedCode"` // A or D
	Holds    edgarValue `xml:"ownershipNature>directOrIndirectOwnership"`          // D or I
}

// filings reads forms 4 and 4/A, one request each.
func (e *edgar) filings(ctx context.Context, q Request) (*Answer, error) {
	cik, err := e.cik(ctx, q.Symbol)
	if err != nil {
		return nil, err
	}
	lists, err := e.submissions(ctx, q, cik)
	if err != nil {
		return nil, err
	}
	ans := &Answer{Kind: KindFilings}
	for _, list := range lists {
		for i, form := range list.Form {
			filed, err := time.Parse(time.DateOnly, list.Filed[i])
			switch {
			case err != nil:
				return nil, garbage("the filing %s of %q", list.Accession[i], list.Filed[i])
			case form != "4" && form != "4/A" || !q.holds(filed):
				continue
			case path.Ext(list.Document[i]) != ".xml":
				ans.drop("forms 4 that are no XML, as before 2003", 1)
				continue
			}
			folder := strings.TrimLeft(cik, "0") + "/" + strings.ReplaceAll(list.Accession[i], "-", "")
			raw, err := e.www.get(ctx, "/Archives/edgar/data/"+folder+"/"+path.Base(list.Document[i]), nil, nil) // the folder before it is of a rendered page
			if err != nil {
				return nil, err
			}
			if err := ans.form4(q, cik, list.Accession[i], filed, raw); err != nil {
				return nil, err
			}
		}
	}
	slices.SortStableFunc(ans.Rows, func(x, y []string) int { return cmp.Compare(x[1], y[1]) })
	return ans, nil
}

// submissions reads the lists of a company's filings that may hold some of the range: the
// newest thousand and, where it reaches further back, older lists.
func (e *edgar) submissions(ctx context.Context, q Request, cik string) (lists []edgarFilings, err error) {
	raw, err := e.get(ctx, "/submissions/CIK"+cik+".json", nil, nil)
	if err != nil {
		return nil, err
	}
	var body struct {
		Filings *struct {
			Recent edgarFilings `json:"recent"`
			Files  []struct{ Name, FilingFrom, FilingTo string }
		} `json:"filings"`
	}
	if err := json.Unmarshal(raw, &body); err != nil || body.Filings == nil {
		return nil, garbage("%s", oneLine(raw))
	}
	lists = append(lists, body.Filings.Recent)
	for _, f := range body.Filings.Files {
		if f.FilingTo < q.From.Format(time.DateOnly) || f.FilingFrom > q.To.Format(time.DateOnly) {
			continue
		}
		raw, err := e.get(ctx, "/submissions/"+path.Base(f.Name), nil, nil)
		if err != nil {
			return nil, err
		}
		var older edgarFilings
		if err := json.Unmarshal(raw, &older); err != nil {
			return nil, garbage("%s", oneLine(raw))
		}
		lists = append(lists, older)
	}
	for _, l := range lists {
		if n := len(l.Form); l.Form == nil || len(l.Accession) != n || len(l.Filed) != n || len(l.Document) != n {
			return nil, garbage("%d forms, %d numbers, %d days, %d documents", len(l.Form), len(l.Accession), len(l.Filed), len(l.Document))
		}
	}
	return lists, nil
}

// form4 adds the transactions of a form.
func (a *Answer) form4(q Request, cik, accession string, filed time.Time, raw []byte) error {
	var form edgarForm
	dec := xml.NewDecoder(bytes.NewReader(raw))
	dec.CharsetReader = func(label string, in io.Reader) (io.Reader, error) {
		enc, err := htmlindex.Get(label)
		if err != nil {
			return nil, err
		}
		return enc.NewDecoder().Reader(in), nil
	}
	if err := dec.Decode(&form); err != nil || len(form.Owners) == 0 {
		return garbage("the form %s: %s", accession, oneLine(raw))
	}
	trades := append(form.Shares, form.Derivatives...)
	switch {
	case fmt.Sprintf("%010d", form.Issuer) != cik:
		a.drop("forms of the company about shares of another", 1)
		return nil
	case len(trades) == 0:
		a.drop("forms 4 without a transaction", 1)
	}
	var who []string
	for _, o := range form.Owners {
		roles := []string{o.Title}
		if o.Director == "1" || o.Director == "true" {
			roles = append(roles, "director")
		}
		if o.Tenth == "1" || o.Tenth == "true" {
			roles = append(roles, "10 % owner")
		}
		name := strings.Join(strings.Fields(o.Name), " ")
		if text := strings.Join(slices.DeleteFunc(roles, func(s string) bool { return s == "" }), ", "); text != "" {
			name += " (" + text + ")"
		}
		who = append(who, name)
	}
	for i, t := range trades {
		date := t.Date.Text[:min(len(t.Date.Text), len(time.DateOnly))] // some carry an offset: 2024-01-02-05:00
		day, err := time.Parse(time.DateOnly, date)
		switch {
		case err != nil:
			return garbage("the form %s: a transaction on %q", accession, t.Date.Text)
		case day.After(filed):
			a.drop("transactions dated after their filing", 1)
			continue
		}
		owner := "direct"
		if t.Holds.Text == "I" {
			owner = "indirect"
		}
		a.Rows = append(a.Rows, []string{q.Symbol, filed.Format(time.DateOnly), date, strings.Join(who, "; "), owner, t.Security.Text,
			"Form " + form.Type + " " + t.kind(), t.amount(), form.Type, accession, strconv.Itoa(i + 1)})
	}
	return nil
}

// kind names what a transaction is.
func (t edgarTrade) kind() string {
	kind := map[string]string{"P": "purchase", "S": "sale", "A": "grant", "D": "return to the issuer", "F": "shares withheld", "M": "exercise or conversion",
		"G": "gift", "X": "exercise", "C": "conversion", "W": "inheritance"}[t.Code]
	if kind == "" {
		kind = "transaction of code " + t.Code
	}
	if t.Code != "P" && t.Code != "S" {
		kind += map[string]string{"A": ", acquired", "D": ", disposed"}[t.Acquired.Text]
	}
	return kind
}

// amount says how many shares changed hands, and at what price where the form has one.
func (t edgarTrade) amount() string {
	plain := func(s string) string {
		if strings.Contains(s, ".") {
			s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
		return s
	}
	text := plain(t.Shares.Text) + " shares"
	if t.Price.Text != "" {
		text += " at " + plain(t.Price.Text)
	}
	return text
}
