package approval

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"pitwall"
	"pitwall/cache/disk"
)

// Decision is what a person decided about one hash.
type Decision struct {
	Hash    string    `json:"-"` // the file's name holds it, and whether it approves
	Approve bool      `json:"-"`
	By      string    `json:"by"`
	At      time.Time `json:"at"` // by the clock of the machine
}

var hashForm = regexp.MustCompile(`^[0-9a-f]{16}$`)

// ErrDecided says that a person has decided before.
var ErrDecided = errors.New("this order was decided before")

// Decide puts a decision where the trading process looks for it; dir is [Config.Dir]. It
// returns when it is on the disk. Only the first decision of each kind is taken.
func Decide(to disk.Disk, dir string, d Decision) error {
	if !hashForm.MatchString(d.Hash) {
		return pitwall.Errorf(pitwall.InvalidInput, "%q is no hash of an order", d.Hash).Hintf("pitwall approve lists them")
	}
	if _, _, found := decided(dir, d.Hash); found {
		return ErrDecided
	}
	if err := disk.MkdirAll(to, dir); err != nil {
		return fmt.Errorf("keeping a decision: %w", err)
	}
	body, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encoding a decision: %w", err)
	}
	f, err := to.Open(fileOf(dir, d.Hash, d.Approve), os.O_CREATE|os.O_EXCL|os.O_WRONLY)
	if errors.Is(err, fs.ErrExist) {
		return ErrDecided
	}
	if err != nil {
		return fmt.Errorf("keeping a decision: %w", err)
	}
	_, err = f.Write(body)
	if err = errors.Join(err, f.Sync(), f.Close(), to.SyncDir(dir)); err != nil {
		return fmt.Errorf("keeping a decision: it is seen, but may not outlast a loss of power: %w", err)
	}
	return nil
}

func fileOf(dir, hash string, yes bool) string {
	name := hash + "." + deny
	if yes {
		name = hash + "." + approve
	}
	return filepath.Join(dir, name)
}

// decided returns what a person decided about a hash; a no goes before a yes. The file's
// name alone is enough.
func decided(dir, hash string) (yes bool, by string, found bool) {
	for _, yes := range []bool{false, true} {
		body, err := os.ReadFile(fileOf(dir, hash, yes))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var d Decision
		if err != nil || json.Unmarshal(body, &d) != nil || d.By == "" {
			d.By = "unknown"
			if err != nil {
				return false, d.By, true // what cannot be read approves nothing
			}
		}
		return yes, d.By, true
	}
	return false, "", false
}
