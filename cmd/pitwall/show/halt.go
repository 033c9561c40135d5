package show

import (
	"fmt"
	"io"
	"time"

	"pitwall/brokers/halt"
	"pitwall/cmd/pitwall/term"
)

// Halt prints a latch, a raise a line.
func Halt(w io.Writer, s halt.State) {
	fmt.Fprintf(w, "halt: %s\n", s.Level)
	for _, r := range s.Raises {
		fmt.Fprintf(w, "  %s\n", Raised(r))
	}
}

// HaltReports prints what each trading process did about a halt.
func HaltReports(w io.Writer, l *halt.Latch, s halt.State) error {
	list, err := l.Reports(s)
	if err != nil {
		return err
	}
	for _, r := range list {
		fmt.Fprintf(w, "%s: %s\n", term.OneLine(r.Who), term.OneLine(r.Text))
	}
	if len(list) == 0 && s.Level >= halt.Cancel {
		fmt.Fprintln(w, "no trading process has reported: nothing is canceled or closed until one runs")
	}
	return nil
}

// Raised says who raised a latch, how far, when and why.
func Raised(r halt.Raise) string {
	when := ""
	if !r.At.IsZero() {
		when = " since " + r.At.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("%s%s by %s: %s", r.Level, when, term.OneLine(r.By), term.OneLine(r.Reason))
}
