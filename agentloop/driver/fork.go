package driver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/roles"
	"pitwall/cache/history"
	"pitwall/cache/runs"
)

// Fork is how a backtest parts from an earlier one, its parent. The parent's turns before
// Turn stand as they were recorded; from Turn on the strategy's agents decide. At most one
// of Prompt, Hold, Without and Price is given. [Fork.Prepare] reads the parent.
type Fork struct {
	Parent  fs.FS // its folder
	Turn    int
	Prompt  string // from Turn on: in place of agent.prompt or, as a role file, of that role
	Hold    bool   // Turn ends without an order, and no model is asked
	Without string // a call of Turn whose answer is left out: its number, its tool, or role/tool
	Price   string // SYMBOL=PERCENT: the newest close at Turn, and every price after it

	given  *ordersOnce // decides Turn, and nothing at every later one; nil = the strategy's agents decide
	run    *runs.Run
	asOf   time.Time // of Turn
	call   *agentloop.AnsweredCall
	number int    // of call among those of Turn
	role   string // whose file is given as Prompt
	symbol string
	moved  pitwall.Dec
}

// Prepare reads the parent and gives the strategy its days, cash, symbols and params, and
// the fork's prompt. It is called after [Strategy.Check] and before the agents are made.
func (f *Fork) Prepare(s *Strategy) error {
	f.run = runs.Open(f.Parent)
	m := f.run.Manifest
	if f.run.Damaged != nil {
		return fmt.Errorf("the run to fork: %w", f.run.Damaged)
	}
	if m.Mode != "" {
		return pitwall.Errorf(pitwall.Unsupported, "%s is a %s run; only a backtest can be forked", m.RunID, m.Mode).Hintf("pitwall drift compares it with the backtest over what it saw")
	}
	lines := f.run.Turns()
	row, ok := lines.Get(f.Turn)
	if !ok {
		return pitwall.Errorf(pitwall.InvalidInput, "%s has no turn %d", m.RunID, f.Turn).Hintf("it has turns %v; pitwall trace shows them", lines)
	}
	var err error
	if f.asOf, err = time.Parse(time.RFC3339, row.AsOf); err != nil {
		return fmt.Errorf("turn %d: %w", f.Turn, err)
	}
	if err := f.check(s, lines); err != nil {
		return err
	}
	s.From, s.To, s.Cash = m.From, m.To, &m.Cash
	if s.following() == "" {
		s.Symbols = m.Symbols
	}
	for _, name := range slices.Sorted(maps.Keys(m.Params)) {
		was, err1 := json.Marshal(s.Params[name])
		is, err2 := json.Marshal(m.Params[name])
		if err1 != nil || err2 != nil || !bytes.Equal(was, is) {
			if err := s.SetParam(name + "=" + string(is)); err != nil {
				return err
			}
		}
	}
	if err := f.prompt(s); err != nil {
		return err
	}
	return s.Check()
}

// prompt gives a strategy the fork's prompt: that of a role, if it is a role file.
func (f *Fork) prompt(s *Strategy) error {
	switch {
	case f.Prompt == "":
		return nil
	case !roles.IsFile(f.Prompt):
		s.Agent.Prompt = f.Prompt
		return nil
	case s.Desk == nil:
		return pitwall.Errorf(pitwall.InvalidInput, "the prompt is the file of a role, and the strategy has no desk").Hintf("leave out its front matter")
	}
	r, err := roles.Parse([]byte(f.Prompt))
	if err != nil {
		return fmt.Errorf("the prompt: %w", err)
	}
	seats, err := s.seats()
	if err != nil {
		return s.bad("desk: %v", err)
	}
	var names []string
	for _, x := range seats {
		names = append(names, x.file.Name)
	}
	if !slices.Contains(names, r.Name) {
		return pitwall.Errorf(pitwall.InvalidInput, "the prompt is of the role %s, and the desk has none", r.Name).Hintf("did you mean %s? its roles are %s", pitwall.Nearest(r.Name, names), strings.Join(names, ", "))
	}
	if i := slices.Index(names, r.Name); len(r.Limits) > 0 && !reflect.DeepEqual(r.Limits, seats[i].file.Limits) {
		return pitwall.Errorf(pitwall.InvalidInput, "the prompt states other limits than the role %s of the run, whose world stays as it is", r.Name).Hintf("leave limits out of the file; to try them run the strategy anew")
	}
	s.Desk.given, f.role = &r, r.Name
	return nil
}

// check reads what is different at the turn.
func (f *Fork) check(s *Strategy, lines runs.Turns) (err error) {
	given := 0
	for _, is := range []bool{f.Prompt != "", f.Hold, f.Without != "", f.Price != ""} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		return pitwall.Errorf(pitwall.InvalidInput, "a fork changes one thing; %d are given", given).Hintf("fork the fork for the next one")
	case f.Prompt != "" && len(s.Agents) > 0:
		return pitwall.Errorf(pitwall.InvalidInput, "the strategy has %d agents, each with a prompt of its own", len(s.Agents)).Hintf("change the prompt in the file; turns before %d stand all the same", f.Turn)
	case f.Prompt != "" && len(s.Rule) > 0:
		return pitwall.Errorf(pitwall.InvalidInput, "a rule decides and reads no prompt")
	case f.Without != "":
		return f.findCall()
	case f.Price == "":
		return nil
	}
	symbol, text, _ := strings.Cut(f.Price, "=")
	percent, isPercent := strings.CutSuffix(text, "%")
	if f.moved, err = pitwall.ParseDec(strings.TrimPrefix(percent, "+")); err != nil || !isPercent || symbol == "" || f.moved <= pitwall.Int(-100) || f.moved == 0 {
		return pitwall.Errorf(pitwall.InvalidInput, "the price is %q", f.Price).Hintf("write SYMBOL=PERCENT, such as AAPL=-3%%")
	}
	f.symbol = symbol
	if before, ok := lines.Get(f.Turn - 1); ok && unixOf(before.AsOf) >= f.asOf.Unix() {
		return pitwall.Errorf(pitwall.InvalidInput, "turn %d is at the same time as turn %d, which saw the price", f.Turn, f.Turn-1).Hintf("move the price at the first turn of that time")
	}
	return nil
}

func unixOf(asOf string) int64 {
	t, err := time.Parse(time.RFC3339, asOf)
	if err != nil {
		return 0
	}
	return t.Unix()
}

// findCall finds the call that Without names.
func (f *Fork) findCall() error {
	t, err := f.run.Turn(f.Turn)
	if err != nil {
		return err
	}
	calls := t.Calls()
	var found, listed []string
	for i, c := range calls {
		name := strings.TrimPrefix(c.Role+"/"+c.Name, "/")
		listed = append(listed, fmt.Sprintf("%d %s", i+1, name))
		if n, err := strconv.Atoi(f.Without); (err == nil && n == i+1) || f.Without == c.Name || f.Without == name {
			found = append(found, listed[i])
			f.call, f.number = &calls[i], i+1
		}
	}
	switch {
	case len(found) == 0:
		return pitwall.Errorf(pitwall.InvalidInput, "turn %d has no call %s", f.Turn, f.Without).Hintf("its calls: %s", strings.Join(listed, ", "))
	case len(found) > 1:
		return pitwall.Errorf(pitwall.InvalidInput, "turn %d calls %s %d times", f.Turn, f.Without, len(found)).Hintf("name one by its number: %s", strings.Join(found, ", "))
	case agentloop.ChangesOrders(f.call.Name):
		return pitwall.Errorf(pitwall.InvalidInput, "call %s changes orders", found[0]).Hintf("--answer hold ends the turn without an order")
	}
	return nil
}

// source returns the data of the fork.
func (f *Fork) source(store *history.Store) (*history.Store, error) {
	if f == nil || f.symbol == "" {
		return store, nil
	}
	return store.Shifted(f.symbol, f.asOf, f.moved)
}

// loop returns the fork as the agent loop knows it.
func (f *Fork) loop() *agentloop.Fork {
	if f == nil {
		return nil
	}
	out := &agentloop.Fork{Turn: f.Turn, Record: f.run.RawTurn, Without: f.call, Same: f.role != ""}
	switch {
	case f.given != nil:
		out.Decider, out.Alone = f.given, true
	case f.Hold:
		out.Decider = ordersOnce{}
	}
	return out
}

// describe returns what the manifest says of the fork; agents are those from Turn on.
func (f *Fork) describe(agents []runs.Agent) *runs.Fork {
	if f == nil {
		return nil
	}
	m := f.run.Manifest
	var changes []string
	switch {
	case f.role != "":
		changes = append(changes, "another prompt of "+f.role)
	case f.Prompt != "":
		changes = append(changes, "another prompt")
	case f.given != nil:
		changes = append(changes, "orders that are given, and none after them")
	case f.Hold:
		changes = append(changes, "answer hold")
	case f.call != nil:
		changes = append(changes, fmt.Sprintf("no answer to call %d, %s", f.number, strings.TrimPrefix(f.call.Role+" "+f.call.Name, " ")))
	case f.symbol != "":
		changes = append(changes, "the price "+f.Price)
	}
	for i, a := range agents {
		if i < len(m.Agents) && m.Agents[i].Model != a.Model {
			changes = append(changes, a.Model+" in place of "+m.Agents[i].Model)
		}
	}
	if len(changes) == 0 {
		changes = append(changes, "none")
	}
	return &runs.Fork{Parent: m.RunID, Digest: m.Digest, Turn: f.Turn, Change: strings.Join(changes, "; ")}
}

// Ahead returns how many turns the parent has from Turn on, and what they cost it, with
// recorded replies at what they once cost; nil = not known.
func (f *Fork) Ahead() (turns int, usd *pitwall.Dec, err error) {
	list := f.run.Turns()
	sum, err := slices.DeleteFunc(list, func(t runs.TurnRow) bool { return t.Turn < f.Turn }).Totals()
	if err != nil || sum.USD == nil || sum.RecordedUSD == nil {
		return sum.Turns, nil, err
	}
	total, err := sum.USD.Add(*sum.RecordedUSD)
	return sum.Turns, &total, err
}
