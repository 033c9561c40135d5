package history

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"pitwall"
)

// shelf is where files of one source, kind and bar size stand.
type shelf struct {
	source string
	kind   RowKind
	size   time.Duration
}

// chunkFile is one finished download, by its name.
type chunkFile struct {
	From, To, Fetched time.Time
	Empty             bool
	Path              string
}

// through is the last day that the chunk holds for good: the day of the download
// was not over yet.
func (c chunkFile) through() time.Time {
	if c.To.Before(c.Fetched) {
		return c.To
	}
	return c.Fetched.AddDate(0, 0, -1)
}

func (c chunkFile) name() string {
	ext := ".parquet"
	if c.Empty {
		ext = ".empty"
	}
	return c.From.Format(time.DateOnly) + "_" + c.To.Format(time.DateOnly) + "_" + c.Fetched.Format(time.DateOnly) + ext
}

func (l *Local) shelfDir(s shelf) string {
	dir := filepath.Join(l.Dir, s.source, string(s.kind))
	if s.kind == KindBars {
		dir = filepath.Join(dir, pitwall.SizeName(s.size))
	}
	return dir
}

// File is where the merged rows of a symbol are, or will be.
func (l *Local) file(s shelf, symbol string) string {
	return filepath.Join(l.shelfDir(s), escapeSymbol(symbol)+".parquet")
}

func (l *Local) chunkDir(s shelf, symbol string) string {
	return filepath.Join(l.shelfDir(s), ".chunks", escapeSymbol(symbol))
}

// escapeSymbol makes a symbol a file name: letters, digits, - and inner dots
// stay, everything else is %XX. Nothing in it can leave its folder.
func escapeSymbol(symbol string) string {
	plain := func(c byte) bool {
		return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-'
	}
	var b strings.Builder
	for i := 0; i < len(symbol); i++ {
		switch c := symbol[i]; {
		case plain(c), c == '.' && i > 0 && plain(symbol[i-1]):
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// chunks lists the finished downloads of a symbol, oldest days first and, for
// the same days, the newest download last.
func (l *Local) chunks(s shelf, symbol string) ([]chunkFile, error) {
	dir := l.chunkDir(s, symbol)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the store: %w", err)
	}
	var list []chunkFile
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		parts := strings.Split(strings.TrimSuffix(e.Name(), ext), "_")
		if ext != ".parquet" && ext != ".empty" || len(parts) != 3 {
			continue
		}
		from, err1 := time.Parse(time.DateOnly, parts[0])
		to, err2 := time.Parse(time.DateOnly, parts[1])
		fetched, err3 := time.Parse(time.DateOnly, parts[2])
		if errors.Join(err1, err2, err3) == nil {
			list = append(list, chunkFile{from, to, fetched, ext == ".empty", filepath.Join(dir, e.Name())})
		}
	}
	slices.SortStableFunc(list, func(a, b chunkFile) int { return cmp.Or(a.From.Compare(b.From), a.Fetched.Compare(b.Fetched)) })
	return list, nil
}

// writeWhole writes a file so that it is there whole or not at all.
func writeWhole(path string, data []byte) error {
	return place(path, func(tmp string) error { return os.WriteFile(tmp, data, 0o644) })
}

// place lets write fill a temporary file beside path, syncs it and renames it.
func place(path string, write func(tmp string) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	tmp := f.Name()
	defer os.Remove(tmp)
	for _, step := range []func() error{
		f.Close,
		func() error { return write(tmp) },
		func() error { return os.Chmod(tmp, 0o644) },
		func() error { return syncFile(tmp) },
		func() error { return os.Rename(tmp, path) },
		func() error { return syncFile(filepath.Dir(path)) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
	}
	return nil
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// writeParquet writes rows as Parquet columns of text, so that every decimal
// comes back as it was, and reads them back before the file gets its name.
func writeParquet(ctx context.Context, path string, header []string, rows [][]string) error {
	return place(path, func(tmp string) error {
		if err := copyParquet(ctx, tmp, header, rows); err != nil {
			return err
		}
		back, err := parseFile(ctx, Disk(tmp))
		if err != nil {
			return err
		}
		if !slices.Equal(back.table.header, header) || !slices.EqualFunc(back.table.rows, rows, slices.Equal) {
			return pitwall.Errorf(pitwall.Internal, "the rows read back differ from the %d written", len(rows))
		}
		return nil
	})
}

// copyParquet lets an engine of its own write the file.
func copyParquet(ctx context.Context, path string, header []string, rows [][]string) (err error) {
	c, err := duckdb.NewConnector("", nil)
	if err != nil {
		return err
	}
	defer c.Close()
	db := sql.OpenDB(c)
	defer db.Close()
	columns := make([]string, len(header))
	for i, h := range header {
		columns[i] = `"` + strings.ReplaceAll(h, `"`, `""`) + `" VARCHAR`
	}
	if _, err = db.ExecContext(ctx, "CREATE TABLE t ("+strings.Join(columns, ", ")+")"); err != nil {
		return err
	}
	conn, err := c.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	app, err := duckdb.NewAppenderFromConn(conn, "", "t")
	if err != nil {
		return err
	}
	for _, r := range rows {
		cells := make([]driver.Value, len(r))
		for i, s := range r {
			cells[i] = s
		}
		if err = app.AppendRow(cells...); err != nil {
			return errors.Join(err, app.Close())
		}
	}
	if err = app.Close(); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "COPY t TO '"+strings.ReplaceAll(path, "'", "''")+"' (FORMAT parquet, COMPRESSION zstd)")
	return err
}

// unescapeSymbol reads a file name back.
func unescapeSymbol(name string) string {
	if s, err := url.PathUnescape(name); err == nil {
		return s
	}
	return name
}
