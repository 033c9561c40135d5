package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
)

// storage looks at where downloads and recorded answers are kept.
func (x *examination) storage(ctx context.Context) {
	local := x.cfg.store(x.app.now)
	list, err := local.List(ctx)
	if local.Dir != "" {
		x.folder("data store", local.Dir, "PITWALL_DATA_DIR")
	}
	if err != nil {
		x.failed("data store", show.StateBad, err)
	} else if len(list) > 0 {
		x.list[len(x.list)-1].Detail += fmt.Sprintf("; %s: pitwall data ls", term.Plural(len(list), "series file"))
	}
	if x.cfg.CacheDir == noCacheDir {
		x.ok("replay cache", "off: PITWALL_CACHE_DIR is none")
		return
	}
	if dir, err := x.cfg.cacheDir(); err != nil {
		x.failed("replay cache", show.StateBad, err)
	} else {
		x.folder("replay cache", dir, "PITWALL_CACHE_DIR")
	}
}

// folder looks at where something is kept: how much, and whether more may be.
func (x *examination) folder(name, dir, variable string) {
	fix := "make it a folder that can be written to, or name another in " + variable
	at := dir // or the nearest folder above, where it would be made
	for at != filepath.Dir(at) {
		if _, err := os.Stat(at); err == nil {
			break
		}
		at = filepath.Dir(at)
	}
	probe, err := os.CreateTemp(at, ".pitwall-doctor-*")
	if err != nil {
		x.bad(name, dir+" is not writable", fix)
		return
	}
	_ = probe.Close()
	_ = os.Remove(probe.Name())
	if at != dir {
		x.ok(name, dir+": not there yet, made when needed")
		return
	}
	files, bytes := 0, int64(0)
	err = filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if i, err := d.Info(); err == nil { // gone since: not counted
			files, bytes = files+1, bytes+i.Size()
		}
		return nil
	})
	if err != nil {
		x.bad(name, err.Error(), fix)
		return
	}
	x.ok(name, fmt.Sprintf("%s: %s, %s, writable", dir, term.Plural(files, "file"), show.Size(bytes)))
}
