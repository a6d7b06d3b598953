package verify

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/tsa"
)

// signatures lists the collector's and every countersignature, checks the
// latter, and tells which keys somebody vouched for.
func (v *verification) signatures(ctx context.Context) error {
	b := v.b
	if v.signer == nil {
		return nil
	}
	v.signed(Signature{VKey: b.Header.Signer.VKey, Name: v.signer.Name(), Ephemeral: b.Header.Signer.Ephemeral})
	base := strings.TrimSuffix(b.LastFile, ".checkpoint") + ".cosign/"
	for _, name := range slices.Sorted(maps.Keys(b.Names())) {
		id, ok := strings.CutPrefix(name, base)
		if !ok || b.EndLeaf == nil {
			continue
		}
		if b.LoneKey(name) {
			v.loneKey(ctx, name)
		} else if stem, isKey := strings.CutSuffix(id, ".vkey"); isKey {
			v.cosignature(ctx, base+stem, name)
		} else if _, ok := b.Names()[name+".vkey"]; !ok {
			v.problem(name, "its verifier key %s.vkey is missing", name)
		}
	}
	status := ""
	if !v.r.KnownSigner && len(v.r.Problems) == v.seen {
		status = Unknown
	}
	detail := "signer known"
	if !v.r.KnownSigner {
		detail = "signer unknown: nobody vouched for the key"
	}
	v.check("signer", detail, status)
	return nil
}

// signed notes a good signature, and whether somebody vouches for its key.
func (v *verification) signed(s Signature) {
	if v.o.Known != nil && v.o.Known(s.VKey) {
		s.Known, v.r.KnownSigner = true, true
	}
	v.r.Signatures = append(v.r.Signatures, s)
}

// loneKey takes the key of a countersignature that was never written. Whoever
// takes a countersignature away can take its key as well, so this hides nothing;
// but no bundle with half of one is called complete.
func (v *verification) loneKey(ctx context.Context, name string) {
	if _, _, ok := v.cosigner(ctx, strings.TrimSuffix(name, ".vkey"), name); ok {
		v.r.State, v.r.HalfSigned = seal.Unfinished, v.b.End != nil
		v.r.Tail = append(v.r.Tail, name+" (a countersignature that was never completed)")
	}
}

// cosigner reads the verifier key beside a countersignature.
func (v *verification) cosigner(ctx context.Context, name, keyName string) (vkey string, ver note.Verifier, ok bool) {
	raw, err := v.b.ReadObject(ctx, keyName, 4096)
	if err != nil {
		v.notRead(keyName, err)
		return "", nil, false
	}
	vkey = strings.TrimSuffix(string(raw), "\n")
	ver, err = note.NewVerifier(vkey)
	// A verifier key's base64 may have line ends in it, which nobody else takes.
	if err != nil || vkey+"\n" != string(raw) || strings.ContainsAny(vkey, "\r\n") || fmt.Sprintf("%s%08x", name[:strings.LastIndexByte(name, '/')+1], ver.KeyHash()) != name {
		v.problem(keyName, "is no good verifier key, or not the one that its name says")
		return "", nil, false
	}
	return vkey, ver, true
}

// cosignature checks one countersignature and the key beside it.
func (v *verification) cosignature(ctx context.Context, name, keyName string) {
	vkey, ver, ok := v.cosigner(ctx, name, keyName)
	if !ok {
		return
	}
	signed, err := v.b.ReadObject(ctx, name, seal.MaxCheckpoint)
	if err != nil {
		v.notRead(name, err)
		return
	}
	cp, err := seal.OpenCheckpoint(signed, ver)
	switch {
	case err != nil:
		v.problem(name, "countersignature: %v", err)
	case cp != v.b.Last:
		v.problem(name, "countersigns another checkpoint (%d leaves, root %s)", cp.Size, seal.RootText(cp.Root))
	default:
		v.signed(Signature{VKey: vkey, Name: ver.Name(), Cosigner: true})
	}
}

// soundToken checks a token by itself.
func soundToken(token, message []byte) (TimeStamp, error) {
	s, err := tsa.Verify(token, message, nil)
	return TimeStamp{Time: s.Time, Signer: s.Signer}, err
}

func (v *verification) timeStamp(ctx context.Context) error {
	base := strings.TrimSuffix(v.b.LastFile, ".checkpoint")
	name := base + ".tsr"
	if _, ok := v.b.Names()[name]; !ok {
		if _, lone := v.b.Names()[name+".note"]; lone {
			v.problem(name, "is missing, and its signature is there")
		}
		v.check("time stamp", "the bundle has none", NotRun)
		return nil
	}
	if _, ok := v.b.Names()[name+".note"]; !ok && v.b.End == nil {
		v.r.Tail = append(v.r.Tail, name+" (a time stamp that was never completed: it proves nothing)")
		v.check("time stamp", "torn: its signature was never written, and it is not usable", NotRun)
		return nil
	}
	token, err := v.b.ReadObject(ctx, name, seal.MaxLeaf)
	if err != nil {
		v.notRead(name, err)
		v.check("time stamp", "can't be read", "")
		return nil
	}
	signed, err := v.b.ReadObject(ctx, name+".note", seal.MaxCheckpoint)
	if err != nil {
		v.notRead(name, err)
	} else if err = seal.OpenToken(signed, v.b.Header.Bundle, token, v.signer); err != nil {
		v.problem(name, "%v", bundle.Reason(err))
	}
	status, detail := "", "the collector's signature over the token"
	if ts, err := v.o.Token(token, v.b.Signed()); err != nil {
		v.problem(name, "%v", bundle.Reason(err))
	} else {
		v.r.TimeStamp = &ts
		detail = fmt.Sprintf("%s by %s", ts.Time.UTC().Format(time.RFC3339), ts.Signer)
		if !ts.Trusted {
			status, detail = Unknown, detail+" (authority unknown: nobody vouched for its certificate)"
		}
	}
	if len(v.r.Problems) > v.seen {
		status = ""
	}
	v.check("time stamp", detail, status)
	return nil
}
