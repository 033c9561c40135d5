package halt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"pitwall/cache/disk"
)

// Report is what a process that trades did about a raise: a line of its own journal
// beside the latch, which outlives the run and which pitwall kill status reads.
type Report struct {
	At     time.Time `json:"at"`     // by the clock of the run
	Raised time.Time `json:"raised"` // which raise it is about
	Who    string    `json:"who"`
	Done   bool      `json:"done"` // nothing is left, read back from the broker
	Text   string    `json:"text"`
}

var unusual = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// reports is the folder of the jobs' journals. It is beside the latch: a file inside would
// halt.
func (l *Latch) reports() string { return l.dir + "-jobs" }

// Report appends to the journal of a job. It returns when the line is on the disk.
func (l *Latch) Report(r Report) error {
	if err := disk.MkdirAll(l.Disk, l.reports()); err != nil {
		return fmt.Errorf("making the folder of reports: %w", err)
	}
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encoding a report: %w", err)
	}
	f, err := l.Disk.Open(filepath.Join(l.reports(), unusual.ReplaceAllString(r.Who, "_")+".jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY)
	if err != nil {
		return fmt.Errorf("writing a report: %w", err)
	}
	_, err = f.Write(append(line, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close(), l.Disk.SyncDir(l.reports())); err != nil {
		return fmt.Errorf("writing a report: %w", err)
	}
	return nil
}

// Reports returns the newest report of each job about one of a state's raises.
func (l *Latch) Reports(s State) (list []Report, err error) {
	files, err := os.ReadDir(l.reports())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading reports: %w", err)
	}
	for _, f := range files {
		body, err := os.ReadFile(filepath.Join(l.reports(), f.Name()))
		if err != nil {
			return nil, fmt.Errorf("reading reports: %w", err)
		}
		var newest *Report
		for line := range bytes.Lines(body) {
			var r Report
			if json.Unmarshal(line, &r) != nil {
				continue // half a line, of a process that was killed
			}
			for _, x := range s.Raises {
				if r.Raised.Equal(x.At) {
					newest = &r
				}
			}
		}
		if newest != nil {
			list = append(list, *newest)
		}
	}
	return list, nil
}
