package driver

import (
	"fmt"
	"strings"
	"time"

	"pitwall/brokers/halt"
)

// Arming is every fact that decides whether orders may reach a real account. The zero
// value is not armed.
type Arming struct {
	Flag        bool     // --live was given
	Understands string   // of the variable I_UNDERSTAND_LIVE_TRADING: "true", nothing else
	Profile     bool     // the broker's profile says live, and so does its host
	Typed       string   // the account id in the profile
	Account     string   // the one that the broker answered with
	Limits      bool     // the strategy states limits that are understood
	Unstated    []string // what a live run needs and its risk section does not say, in sentences
	Journal     error    // of writing the journal to the disk
	JournalDone bool     // it was tried
	Compared    bool     // positions, orders and cash were compared with the journal
	Differences []string
	Halt        halt.State
	HaltRead    bool
	Obeys       bool          // the run goes on only to do what the halt asks for, and gives no turn
	Skew        time.Duration // of the host's clock against the broker's
	SkewKnown   bool
	Preflight   bool // a preflight of the same strategy by the same build has passed
}

// MaxSkew is how far the host's clock may be from the broker's.
const MaxSkew = 2 * time.Second

// gateCount is how many gates there are.
const gateCount = 10

// Missing names every gate that is not open, in order; none: the run may trade live. It
// is pure.
func (a Arming) Missing() (list []string) {
	gate := func(open bool, format string, args ...any) {
		if !open {
			list = append(list, fmt.Sprintf(format, args...))
		}
	}
	gate(a.Flag, "--live was not given")
	gate(a.Understands == "true", "I_UNDERSTAND_LIVE_TRADING is %q, not true", a.Understands)
	gate(a.Profile, "the broker's profile does not say live")
	gate(a.Typed != "" && a.Typed == a.Account, "the account id in the profile is %q and the broker answers %q", a.Typed, a.Account)
	gate(a.Limits && len(a.Unstated) == 0, "%s", limitsText(a.Limits, a.Unstated))
	gate(a.JournalDone && a.Journal == nil, "the journal cannot be written: %v", reason(a.Journal, "it was not tried"))
	gate(a.Compared && len(a.Differences) == 0, "reconciliation: %s", differences(a.Compared, a.Differences))
	gate(a.HaltRead && (a.Halt.Level == halt.Off || a.Obeys), "the halt latch is %s", haltText(a.HaltRead, a.Halt))
	gate(a.SkewKnown && a.Skew.Abs() <= MaxSkew, "the host's clock differs from the broker's by %s; at most %v", skewText(a.SkewKnown, a.Skew), MaxSkew)
	gate(a.Preflight, "no preflight of this strategy, as it is now, has passed with this build: run pitwall preflight FILE")
	return list
}

func limitsText(stated bool, unstated []string) string {
	if !stated {
		return "the strategy states no limits (risk:)"
	}
	return "risk: " + strings.Join(unstated, "; risk: ")
}

func reason(err error, without string) string {
	if err != nil {
		return err.Error()
	}
	return without
}

func differences(compared bool, list []string) string {
	if !compared {
		return "positions, orders and cash were not compared"
	}
	return fmt.Sprintf("%d differences, first %s", len(list), append(list, "none")[0])
}

func haltText(read bool, s halt.State) string {
	if !read {
		return "not read"
	}
	return s.String()
}

func skewText(known bool, d time.Duration) string {
	if !known {
		return "an unknown time"
	}
	return d.String()
}
