package pcap

// pastBytes is how much of a stream is remembered to compare retransmissions
// with, where windows are not wanted.
const pastBytes = 4 << 10

// window is the last bytes of one direction, up to the next expected one.
type window struct {
	buf   []byte
	fresh int   // bytes at the end of buf that were not handed out
	off   int64 // stream offset of the end of buf
	at    Mark  // packet of the first fresh byte
	bare  bool  // handed out early, so that the next has no overlap
}

func (d *direction) window(b []byte, at Mark) {
	w, o := &d.win, &d.c.a.opts
	if w.bare {
		d.c.a.stats.WindowsCut++
		w.bare = false
	}
	if d.c.a.h.Content == nil {
		w.off += int64(len(b))
		w.remember(b)
		return
	}
	for len(b) > 0 {
		if w.fresh == 0 {
			w.at = at
		}
		n := min(len(b), o.Window-len(w.buf))
		w.buf = append(w.buf, b[:n]...)
		w.fresh += n
		w.off += int64(n)
		if b = b[n:]; len(w.buf) >= o.Window {
			d.emit(false)
		}
	}
}

// remember keeps the last bytes only.
func (w *window) remember(b []byte) {
	if len(b) >= pastBytes {
		w.buf = append(w.buf[:0], b[len(b)-pastBytes:]...)
		return
	}
	if over := len(w.buf) + len(b) - 2*pastBytes; over > 0 {
		w.buf = append(w.buf[:0], w.buf[len(w.buf)-pastBytes:]...)
	}
	w.buf = append(w.buf, b...)
}

// emit hands the window out. all says that its memory is wanted back too.
func (d *direction) emit(all bool) {
	w, a := &d.win, d.c.a
	full, fresh, at := w.buf, w.fresh, w.at
	w.fresh, w.buf = 0, nil
	if a.h.Content == nil {
		return
	}
	if !all {
		w.buf = append([]byte(nil), full[max(0, len(full)-a.opts.Overlap):]...)
	} else if len(full) > 0 && !d.over {
		w.bare = true
	}
	if fresh == 0 || a.err != nil {
		return
	}
	a.stats.Contents++
	name := "tcp/stream"
	if d.aside {
		name = "tcp/stray"
	}
	err := a.h.Content(&Content{
		Name: name, Flow: d.c.f.direction(d.i), At: at,
		Offset: w.off - int64(len(full)), Bytes: full,
	})
	if err != nil {
		a.fail(err)
	}
}
