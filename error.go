package pitwall

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Code names a kind of failure. Codes are stable: hosts and tests match them.
type Code string

// The codes that a caller can meet.
const (
	InvalidInput        Code = "INVALID_INPUT"        // an argument is missing, unknown, or not of its kind
	InvalidNumber       Code = "INVALID_NUMBER"       // R1: not a finite number > 0
	UnknownSymbol       Code = "UNKNOWN_SYMBOL"       // R2: not in this world as of now
	NotTradable         Code = "NOT_TRADABLE"         // visible for reference only
	NoPrice             Code = "NO_REFERENCE_PRICE"   // R9: no bar known yet
	BuyingPower         Code = "BUYING_POWER"         // R19: not enough free cash
	ShortNotAllowed     Code = "SHORT_NOT_ALLOWED"    // R20: a cash account sells only what it holds
	IdempotencyConflict Code = "IDEMPOTENCY_CONFLICT" // R30: the same id with another body
	NoBorrow            Code = "NO_BORROW"            // R21: the symbol cannot be borrowed, so not shorted
	MarginCall          Code = "MARGIN_CALL"          // equity fell below maintenance: positions are being closed
	ReduceOnly          Code = "REDUCE_ONLY"          // nothing is left for it to reduce
	UnknownOrder        Code = "UNKNOWN_ORDER"        // no order has this id
	OrderClosed         Code = "ORDER_CLOSED"         // filled, canceled, expired or rejected already
	Unsupported         Code = "UNSUPPORTED"          // refused because Pitwall does not do it (yet)
	NoCoverage          Code = "NO_COVERAGE"          // this world has no such data; says what there is
	NotAllowed          Code = "NOT_ALLOWED"          // the caller may not do this
	Halted              Code = "HALTED"               // trading is stopped until an operator clears it
	SQLRefused          Code = "SQL_REFUSED"          // the gate said no before anything ran
	SQLFailed           Code = "SQL_FAILED"           // the engine said no
	SQLExhausted        Code = "SQL_EXHAUSTED"        // the query crashed the engine or needed more memory than it may have
	CallCanceled        Code = "CANCELED"             // the caller canceled the call or hung up
	Timeout             Code = "TIMEOUT"              // a deadline passed
	EndOfData           Code = "END_OF_DATA"          // the replay has no further bar
	UnknownTool         Code = "UNKNOWN_TOOL"         // no tool has this name
	JournalFailed       Code = "JOURNAL_FAILED"       // no record, no order
	MachineFailed       Code = "MACHINE_FAILED"       // a full disk, no memory, too many open files: no answer to what was asked
	Ledger              Code = "LEDGER_BROKEN"        // the books do not balance: the run stops
	MissingKey          Code = "MISSING_KEY"          // a variable of the environment that a tool or model needs is not set
	NotTimeSafe         Code = "TOOL_NOT_TIME_SAFE"   // an external tool that does not say how the wall can hold for it
	ExternalFailed      Code = "OUTSIDE_FAILED"       // an external tool gave no usable answer; the string is in recorded conversations
	ToolChanged         Code = "TOOL_CHANGED"         // an external tool is not the one that was pinned: disabled
	ReplayDiverged      Code = "REPLAY_DIVERGED"      // a repeated call answered other than recorded
	NotRecorded         Code = "NOT_RECORDED"         // a strict replay met what was not recorded
	Internal            Code = "INTERNAL"             // unforeseen; details are in the log under an id
	WorldChanged        Code = "WORLD_CHANGED"        // the call states another world than the one that answers
	WorldEnded          Code = "WORLD_ENDED"          // sim_start replaced it
	TooManyWorlds       Code = "TOO_MANY_WORLDS"      // the caller's worlds are used up
	DataError           Code = "DATA_ERROR"           // a file breaks a rule; names file and line
	StrategyError       Code = "STRATEGY_ERROR"       // the strategy file breaks a rule; names file and line
)

// Check is one limit that failed: what was seen, what is allowed.
type Check struct {
	Name     string `json:"name"`
	Observed string `json:"observed"`
	Limit    string `json:"limit"`
	Unit     string `json:"unit,omitempty"`
}

// Error is the one shape of failure at every edge. Message says what happened
// with the figures; Hint says what would work; Checks lists every limit that
// failed. Err, if any, is for logs and never reaches a caller.
type Error struct {
	Code    Code    `json:"code"`
	Message string  `json:"message"`
	Hint    string  `json:"hint,omitempty"`
	Checks  []Check `json:"checks,omitempty"`
	Err     error   `json:"-"`
}

func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error without a hint.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Hintf returns e with a hint that says what would work.
func (e *Error) Hintf(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// CodeOf returns the code of the first Error in err's chain, or Internal.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// Explain writes an error for a person: what happened, then what would work.
func Explain(err error) string {
	if errors.Is(err, context.Canceled) {
		return "stopped"
	}
	if e, ok := errors.AsType[*Error](err); ok {
		s := e.Message
		if doing, is := strings.CutSuffix(err.Error(), e.Error()); is {
			s = doing + s
		}
		if e.Hint != "" {
			s += "\n  " + e.Hint
		}
		return s
	}
	if fault := MachineFault(err); fault != nil {
		return err.Error() + "\n  " + fault.Hint
	}
	return err.Error()
}
