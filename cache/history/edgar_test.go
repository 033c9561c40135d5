package history

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// EDGAR's payloads, in the form that sec.gov documents (Company facts, company_tickers.json)
// and, for the restated total of assets, with Apple's figures of 2009 and 2010 as public
// notes quote them from the archive.

const contact = "Jane Doe jane@example.com"

const tickersGood = `{"0":{"cik_str":320193,"ticker":"AAPL","title":"Apple Inc."},"1":{"cik_str":1067983,"ticker":"BRK-B","title":"BERKSHIRE HATHAWAY INC"}}`

const factsGood = `{"cik":320193,"entityName":"Apple Inc.","facts":{"us-gaap":{"Revenues":{"label":"Revenues","units":{"USD":[
{"start":"2023-07-02","end":"2023-09-30","val":89498000000,"accn":"0000320193-24-000001","fy":2023,"fp":"FY","form":"10-K","filed":"2024-01-03"}]}}}}}`

// restated holds total assets of one day as four filings state them, two of them amended or
// after the amendment; sales for a quarter and for nine months that end on one day; the cover's
// count of shares; and figures that must not come through.
const restated = `{"cik":320193,"entityName":"Apple Inc.","facts":{
"dei":{"EntityCommonStockSharesOutstanding":{"label":"l","description":"d","units":{"shares":[
 {"end":"2009-07-10","val":895816758,"accn":"0001193125-09-153165","fy":2009,"fp":"Q3","form":"10-Q","filed":"2009-07-22"}]}}},
"us-gaap":{"Assets":{"label":"Assets","description":"d","units":{"USD":[
 {"end":"2008-09-27","val":39572000000,"accn":"0001193125-09-153165","fy":2009,"fp":"Q3","form":"10-Q","filed":"2009-07-22"},
 {"end":"2008-09-27","val":39572000000,"accn":"0001193125-09-214859","fy":2009,"fp":"FY","form":"10-K","filed":"2009-10-27"},
 {"end":"2008-09-27","val":36171000000,"accn":"0001193125-10-012091","fy":2009,"fp":"FY","form":"10-K/A","filed":"2010-01-25"},
 {"end":"2008-09-27","val":36171000000,"accn":"0001193125-10-238044","fy":2010,"fp":"FY","form":"10-K","filed":"2010-10-27","frame":"CY2008Q3I"}]}},
"SalesRevenueNet":{"label":null,"description":null,"units":{"USD":[
 {"start":"2007-09-30","end":"2008-06-28","val":24584000000,"accn":"0001193125-09-153165","fy":2009,"fp":"Q3","form":"10-Q","filed":"2009-07-22"},
 {"start":"2009-03-29","end":"2009-06-27","val":8337000000,"accn":"0001193125-09-153165","fy":2009,"fp":"Q3","form":"10-Q","filed":"2009-07-22"},
 {"start":"2008-09-28","end":"2009-06-27","val":26667000000,"accn":"0001193125-09-153165","fy":2009,"fp":"Q3","form":"10-Q","filed":"2009-07-22"},
 {"start":"2008-09-28","end":"2009-09-26","val":36537000000,"accn":"0001193125-09-214859","fy":2009,"fp":"FY","form":"10-K","filed":"2009-10-27"},
 {"start":"2008-09-28","end":"2009-09-26","val":42905000000,"accn":"0001193125-10-012091","fy":2009,"fp":"FY","form":"10-K/A","filed":"2010-01-25"},
 {"start":"2008-09-28","end":"2009-09-26","val":42905000000,"accn":"0001193125-10-012091","fy":2009,"fp":"FY","form":"10-K/A","filed":"2010-01-25","frame":"CY2009"}]}},
"CommitmentsDue":{"units":{"USD":[
 {"end":"2009-09-26","val":3,"accn":"0001193125-09-153165","fy":2009,"fp":"Q3","form":"10-Q","filed":"2009-07-22"},
 {"end":"2009-12-31","val":1,"accn":"0001193125-09-214859","fy":2009,"fp":"FY","form":"10-K","filed":"2009-10-27"},
 {"end":"2009-08-03","val":2,"accn":"0001193125-09-214859","fy":2009,"fp":"FY","form":"10-K","filed":"2009-10-27"}]}},
"EarningsPerShareDiluted":{"units":{"USD/shares":[
 {"start":"2008-09-28","end":"2009-09-26","val":6.29,"accn":"0001193125-09-214859","fy":2009,"fp":"FY","form":"10-K","filed":"2009-10-27"}]}}}}}`

// edgarServer is EDGAR in small: its files by path, and nothing for who gives no contact.
func edgarServer(t testing.TB, files map[string]string) *wire {
	return serve(t, func(rw http.ResponseWriter, r *http.Request) {
		text, ok := files[r.URL.Path]
		switch {
		case r.Header.Get("User-Agent") != contact:
			rw.WriteHeader(403)
			fmt.Fprint(rw, "<html><h1>Your Request Originates from an Undeclared Automated Tool</h1>\n<p>Please declare your traffic</p></html>")
		case !ok:
			rw.WriteHeader(404)
			fmt.Fprint(rw, "<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>")
		default:
			fmt.Fprint(rw, text)
		}
	})
}

func (w *wire) edgar() *Vendor {
	o := w.options()
	o.Key = contact
	return NewEdgar(o)
}

// A figure's period is named by what was filed by then: a row is the same whatever was
// filed later.
func TestEdgarNamesPeriodsAsThenKnown(t *testing.T) {
	rows := func(facts string) (list []string) {
		w := edgarServer(t, map[string]string{"/files/company_tickers.json": tickersGood, "/api/xbrl/companyfacts/CIK0000320193.json": facts})
		for _, r := range fetch(t, w, w.edgar(), KindStatements, "AAPL", 0, "2009-01-01", "2009-08-31").Rows {
			list = append(list, strings.Join(r, " "))
		}
		return list
	}
	var body map[string]any
	require.NoError(t, json.Unmarshal([]byte(restated), &body))
	for _, items := range body["facts"].(map[string]any) {
		for _, in := range items.(map[string]any) {
			units := in.(map[string]any)["units"].(map[string]any)
			for unit, list := range units {
				units[unit] = slices.DeleteFunc(list.([]any), func(f any) bool { return f.(map[string]any)["filed"].(string) > "2009-08-31" })
			}
		}
	}
	then, err := json.Marshal(body)
	require.NoError(t, err)
	require.Len(t, rows(restated), 5)
	require.Equal(t, rows(string(then)), rows(restated))
}

func TestEdgarStatements(t *testing.T) {
	w := edgarServer(t, map[string]string{"/files/company_tickers.json": tickersGood, "/api/xbrl/companyfacts/CIK0000320193.json": restated})
	e := w.edgar()
	a := fetch(t, w, e, KindStatements, "AAPL", 0, "2009-01-01", "2010-12-31")
	var lines []string
	for _, r := range a.Rows {
		lines = append(lines, strings.Join(r[1:11], " "))
	}
	require.Equal(t, []string{
		"2009-07-22 2009 Q3  2009-06-27 as of the day EntityCommonStockSharesOutstanding 895816758 shares 10-Q",
		"2009-07-22 2008 FY  2008-09-27 as of the day Assets 39572000000 USD 10-Q",
		"2009-07-22 2008 Q3 2007-09-30 2008-06-28 over 9 months SalesRevenueNet 24584000000 USD 10-Q",
		"2009-07-22 2009 Q3 2008-09-28 2009-06-27 over 9 months SalesRevenueNet 26667000000 USD 10-Q",
		"2009-07-22 2009 Q3 2009-03-29 2009-06-27 over 3 months SalesRevenueNet 8337000000 USD 10-Q",
		"2009-10-27 2009 FY 2008-09-28 2009-09-26 over 12 months EarningsPerShareDiluted 6.29 USD/shares 10-K",
		"2009-10-27 2009 FY 2008-09-28 2009-09-26 over 12 months SalesRevenueNet 36537000000 USD 10-K",
		"2010-01-25 2008 FY  2008-09-27 as of the day Assets 36171000000 USD 10-K/A",
		"2010-01-25 2009 FY 2008-09-28 2009-09-26 over 12 months SalesRevenueNet 42905000000 USD 10-K/A",
	}, lines, "the amended figures stand beside the first ones, each with its own filing; 2008-09-27 is the year of the report it ended, not of the filings that quote it")
	require.ElementsMatch(t, []Drop{{"figures of days on which no report ends", 1}, {"figures of days after their filing", 2}, {"figures that a later filing repeats unchanged", 3}}, a.Dropped)

	// The store gives them to a run: before the amendment the first figure, after it both.
	l := newLocal(t, "2026-11-20")
	l.Sources = map[string][]Offer{"edgar": e.Offers()}
	ctx := context.Background()
	_, err := l.Inputs(ctx, Need{Source: "edgar", Symbols: []string{"AAPL"}, From: day("2009-01-01"), To: day("2010-12-31")})
	require.ErrorContains(t, err, "the store holds nothing of AAPL from edgar")
	require.Contains(t, err.(*pitwall.Error).Hint, "pitwall data fetch edgar AAPL --from 2009-01-01")
	done, err := l.Fetch(ctx, e, Request{Kind: KindStatements, Symbol: "AAPL", From: day("2009-01-01"), To: day("2010-12-31")}, false, nil)
	require.NoError(t, err)
	require.Equal(t, 9, done.Rows)
	in, err := l.Inputs(ctx, Need{Source: "edgar", Symbols: []string{"AAPL", "SPY"}, From: day("2009-01-01"), To: day("2010-12-31"), MayLack: true})
	require.NoError(t, err)
	require.Len(t, in, 1, "a fund has no statements")
	bars := filepath.Join(t.TempDir(), "bars.csv")
	require.NoError(t, os.WriteFile(bars, []byte(head+"AAPL,2009-07-21,1,1,1,1,1\n"), 0o644))
	s, err := Load(ctx, append(in, Disk(bars)), Options{})
	require.NoError(t, err)
	var assets []string
	for _, r := range s.Records() {
		if r.Series == "Assets" {
			assets = append(assets, r.Known.Format(time.RFC3339)+" "+r.Fields["period"]+" "+r.Value)
		}
	}
	require.Equal(t, []string{"2009-07-23T00:00:00-04:00 2008FY 39572000000", "2010-01-26T00:00:00-05:00 2008FY 36171000000"}, assets)
	_, err = l.Inputs(ctx, Need{Source: "edgar", Symbols: []string{"AAPL"}, From: day("2009-01-01"), To: day("2011-12-31")})
	require.ErrorContains(t, err, "the store holds statements of AAPL from edgar, but not 2011-01-01")
}

func TestEdgarRefuses(t *testing.T) {
	q := ask(KindStatements, "AAPL", 0)
	files := map[string]string{"/files/company_tickers.json": tickersGood}
	w := edgarServer(t, files)
	_, err := NewEdgar(w.options()).Fetch(context.Background(), q)
	require.ErrorContains(t, err, "the contact has no email address; set THE_KEY to your name and email address")
	o := w.options()
	o.Key = ""
	_, err = NewEdgar(o).Fetch(context.Background(), q)
	require.ErrorContains(t, err, "edgar needs a contact, which the SEC asks for; set THE_KEY in the environment or in .env")
	o.Key = "someone@else"
	_, err = NewEdgar(o).Fetch(context.Background(), q)
	require.ErrorContains(t, err, "refused: it takes the User-Agent for no contact; set SEC_USER_AGENT to your name and email address")
	require.NotContains(t, err.Error(), "<")

	_, err = w.edgar().Fetch(context.Background(), ask(KindStatements, "ENRON", 0))
	require.ErrorContains(t, err, "no company ENRON in its list of tickers; check the ticker: funds and companies that are no longer listed")
	_, err = w.edgar().Fetch(context.Background(), q)
	require.ErrorContains(t, err, "answered 404 Not Found")
	for text, want := range map[string]string{
		strings.Replace(factsGood, "320193", "1", 1):             `it is about CIK "1"`,
		strings.Replace(factsGood, "89498000000", `"n/a"`, 1):    "not usable",
		strings.Replace(factsGood, "2023-09-30", "30.9.2023", 1): `from "2023-07-02" to "30.9.2023"`,
		strings.Replace(factsGood, `"2024-01-03"`, `""`, 1):      `filed ""`,
		`{"cik":320193,"entityName":"Apple Inc."}`:               "not usable",
		"<html>Request Rate Threshold Exceeded</html>":           "too many requests from this address; wait ten minutes",
	} {
		files["/api/xbrl/companyfacts/CIK0000320193.json"] = text
		_, err := w.edgar().Fetch(context.Background(), q)
		require.ErrorContains(t, err, want)
	}
	files["/api/xbrl/companyfacts/CIK0001067983.json"] = strings.Replace(factsGood, "320193", "1067983", 1)
	e := w.edgar()
	for _, symbol := range []string{"BRK.B", "BRK-B"} {
		require.Len(t, fetch(t, w, e, KindStatements, symbol, 0, "2024-01-02", "2024-01-05").Rows, 1)
	}
	require.InDelta(t, 0.125, w.slept[len(w.slept)-1].Seconds(), 0.01, "eight requests a second")
}

const submissionsGood = `{"cik":"0000320193","name":"Apple Inc.","tickers":["AAPL"],"filings":{"recent":{"accessionNumber":["0000320193-24-000002"],"filingDate":["2024-01-03"],
"reportDate":[""],"acceptanceDateTime":["2024-01-03T21:31:00.000Z"],"form":["8-K"],"primaryDocument":["a8-k.htm"]},"files":[]}}`

const submissionsAll = `{"cik":"0000320193","filings":{"recent":{
"accessionNumber":["0000320193-24-000009","0000320193-24-000008","0000320193-24-000007","0000320193-24-000006","0000320193-24-000005"],
"filingDate":["2024-04-05","2024-04-04","2024-04-03","2024-04-03","2024-04-02"],
"form":["4/A","4","4","10-Q","4"],"primaryDocument":["xslF345X05/amended.xml","xslF345X05/other.xml","xslF345X05/sale.xml","q.htm","xslF345X05/holdings.xml"]},
"files":[{"name":"CIK0000320193-submissions-001.json","filingCount":1,"filingFrom":"2003-01-01","filingTo":"2024-02-01"},{"name":"CIK0000320193-submissions-002.json","filingCount":1,"filingFrom":"1994-01-26","filingTo":"2002-12-31"}]}}`

const submissionsOlder = `{"accessionNumber":["0000320193-24-000001","0000320193-03-000001"],"filingDate":["2024-01-30","2003-02-03"],"form":["4","4"],"primaryDocument":["",""]}`

// form4 is a form as the SEC's ownership schema has it, with the cells that the tests change.
func form4(kind, issuer, rows string) string {
	return `<?xml version="1.0"?>
<ownershipDocument><schemaVersion>X0508</schemaVersion><documentType>` + kind + `</documentType><periodOfReport>2024-04-01</periodOfReport>
<issuer><issuerCik>` + issuer + `</issuerCik><issuerName>Apple Inc.</issuerName><issuerTradingSymbol>aapl</issuerTradingSymbol></issuer>
<reportingOwner><reportingOwnerId><rptOwnerCik>0001214156</rptOwnerCik><rptOwnerName>COOK TIMOTHY  D</rptOwnerName></reportingOwnerId>
<reportingOwnerRelationship><isDirector>true</isDirector><isOfficer>1</isOfficer><isTenPercentOwner>0</isTenPercentOwner><officerTitle>Chief Executive Officer</officerTitle></reportingOwnerRelationship></reportingOwner>
` + rows + `</ownershipDocument>`
}

// trade is a transaction of a form.
func trade(table, date, code, shares, price, acquired, holds string) string {
	return `<` + table + `Transaction><securityTitle><value>Common Stock</value></securityTitle><transactionDate><value>` + date + `</value></transactionDate>
<transactionCoding><transactionFormType>4</transactionFormType><transactionCode>` + code + `</transactionCode></transactionCoding>
<transactionAmounts><transactionShares><value>` + shares + `</value></transactionShares><transactionPricePerShare>` + price + `<footnoteId id="F1"/></transactionPricePerShare>
<transactionAcquiredDisposedCode><value>` + acquired + `</value></transactionAcquiredDisposedCode></transactionAmounts>
<ownershipNature><directOrIndirectOwnership><value>` + holds + `</value></directOrIndirectOwnership></ownershipNature></` + table + `Transaction>`
}

func TestEdgarFilings(t *testing.T) {
	sale := trade("nonDerivative", "2024-04-01-05:00", "S", "196410.0000", "<value>171.48</value>", "D", "I")
	files := map[string]string{
		"/files/company_tickers.json":                     tickersGood,
		"/submissions/CIK0000320193.json":                 submissionsAll,
		"/submissions/CIK0000320193-submissions-001.json": submissionsOlder,
		"/Archives/edgar/data/320193/000032019324000007/sale.xml": form4("4", "0000320193", "<nonDerivativeTable>"+trade("nonDerivative", "2024-04-01", "M", "511000", "", "A", "D")+sale+sale+
			trade("nonDerivative", "2042-04-01", "S", "1", "<value>1</value>", "D", "D")+"</nonDerivativeTable><derivativeTable>"+trade("derivative", "2024-04-01", "Z", "511000", "<value>0</value>", "D", "D")+"</derivativeTable>"),
		"/Archives/edgar/data/320193/000032019324000008/other.xml":    strings.Replace(form4("4", "0000001318", "<nonDerivativeTable>"+sale+"</nonDerivativeTable>"), `<?xml version="1.0"?>`, "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><!-- \xe9 -->", 1),
		"/Archives/edgar/data/320193/000032019324000005/holdings.xml": form4("4", "0000320193", "<nonDerivativeTable><nonDerivativeHolding/></nonDerivativeTable>"),
		"/Archives/edgar/data/320193/000032019324000009/amended.xml":  form4("4/A", "0000320193", "<nonDerivativeTable>"+strings.Replace(sale, "196410", "196400", 1)+"</nonDerivativeTable>"),
	}
	w := edgarServer(t, files)
	a := fetch(t, w, w.edgar(), KindFilings, "AAPL", 0, "2024-01-01", "2024-12-31")
	var lines []string
	for _, r := range a.Rows {
		require.Equal(t, "COOK TIMOTHY D (Chief Executive Officer, director)", r[3])
		lines = append(lines, strings.Join(append(r[1:3:3], r[4:]...), "|"))
	}
	require.Equal(t, []string{
		"2024-04-03|2024-04-01|direct|Common Stock|Form 4 exercise or conversion, acquired|511000 shares|4|0000320193-24-000007|1",
		"2024-04-03|2024-04-01|indirect|Common Stock|Form 4 sale|196410 shares at 171.48|4|0000320193-24-000007|2",
		"2024-04-03|2024-04-01|indirect|Common Stock|Form 4 sale|196410 shares at 171.48|4|0000320193-24-000007|3",
		"2024-04-03|2024-04-01|direct|Common Stock|Form 4 transaction of code Z, disposed|511000 shares at 0|4|0000320193-24-000007|5",
		"2024-04-05|2024-04-01|indirect|Common Stock|Form 4/A sale|196400 shares at 171.48|4/A|0000320193-24-000009|1",
	}, lines, "two alike are two; what was amended stands beside it, known later")
	require.ElementsMatch(t, []Drop{{"forms of the company about shares of another", 1}, {"forms 4 without a transaction", 1}, {"transactions dated after their filing", 1}, {"forms 4 that are no XML, as before 2003", 1}}, a.Dropped)
	require.NotContains(t, strings.Join(w.asked, " "), "submissions-002", "a list of other years is not asked for")

	l := newLocal(t, "2026-11-20")
	ctx := context.Background()
	done, err := l.Fetch(ctx, w.edgar(), Request{Kind: KindFilings, Symbol: "AAPL", From: day("2024-01-01"), To: day("2024-12-31")}, false, nil)
	require.NoError(t, err)
	require.Equal(t, 5, done.Rows)
	bars := filepath.Join(t.TempDir(), "bars.csv")
	require.NoError(t, os.WriteFile(bars, []byte(head+"AAPL,2024-04-01,1,1,1,1,1\n"), 0o644))
	s, err := Load(ctx, []Input{Disk(done.File), Disk(bars)}, Options{})
	require.NoError(t, err)
	require.Len(t, s.Records(), 5)
	r := s.Records()[4]
	require.Equal(t, "2024-04-06T00:00:00-04:00", r.Known.Format(time.RFC3339), "the end of the day of filing")
	require.Equal(t, "Form 4/A sale AAPL", r.Title)
	require.Equal(t, "COOK TIMOTHY D (Chief Executive Officer, director)", r.Source)
	require.Equal(t, []string{"AAPL"}, r.Symbols)
	require.Equal(t, map[string]string{"amount": "196400 shares at 171.48", "asset_type": "Common Stock", "form": "4/A", "owner": "indirect", "type": "Form 4/A sale"}, r.Fields)

	for path, c := range map[string][2]string{
		"/submissions/CIK0000320193.json":                            {strings.Replace(submissionsAll, `"4/A",`, "", 1), "4 forms, 5 numbers, 5 days, 5 documents"},
		"/Archives/edgar/data/320193/000032019324000009/amended.xml": {"<html>", "the form 0000320193-24-000009"},
		"/Archives/edgar/data/320193/000032019324000007/sale.xml":    {form4("4", "320193", "<nonDerivativeTable>"+trade("nonDerivative", "1 April", "S", "1", "", "D", "D")+"</nonDerivativeTable>"), `a transaction on "1 April"`},
	} {
		was := files[path]
		files[path] = c[0]
		_, err := w.edgar().Fetch(ctx, Request{Kind: KindFilings, Symbol: "AAPL", From: day("2024-01-01"), To: day("2024-12-31")})
		require.ErrorContains(t, err, c[1])
		files[path] = was
	}
}
