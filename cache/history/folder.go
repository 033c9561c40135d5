package history

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"pitwall"
)

// inFolders are the files that are read of a folder, by the ends of their names, also
// packed, or alone in an archive; others are read when they are named.
var (
	inFolders = []string{".csv", ".tsv", ".parquet", ".feather"}
	packed    = []string{".gz", ".zst", ".zip"}
)

// list expands a folder into its files of data, by name; deep, with those of
// the folders in it that are not hidden.
func list(in Input, deep bool) (files []Input, err error) {
	err = fs.WalkDir(in.FS, in.Path, func(p string, d fs.DirEntry, err error) error {
		switch ext := path.Ext(p); {
		case err != nil:
			return err
		case p == in.Path && !d.IsDir():
			files = []Input{in}
		case p != in.Path && d.IsDir() && (!deep || strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case !d.IsDir() && (slices.Contains(inFolders, ext) || slices.Contains(packed, ext) && slices.Contains(inFolders, path.Ext(strings.TrimSuffix(p, ext))) || ext == ".zip" && holdsTable(in.FS, p)):
			x := in
			x.Path, x.Show = p, strings.TrimSuffix(in.Show, "/")+"/"+strings.TrimPrefix(p, in.Path+"/")
			if deep {
				x.Show = path.Clean(x.Show)
			}
			files = append(files, x)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, pitwall.Errorf(pitwall.DataError, "no data at %s", in.Show).Hintf("give a file of prices (CSV, JSON, Parquet, Feather), or a folder of CSV or Parquet files")
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", in.Show, err)
	}
	return files, nil
}

// holdsTable reports whether an archive is one file of data, as Binance's months are.
func holdsTable(files fs.FS, name string) bool {
	raw, err := fs.ReadFile(files, name)
	if err != nil {
		return false
	}
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	return err == nil && len(z.File) == 1 && slices.Contains(inFolders, path.Ext(z.File[0].Name))
}
