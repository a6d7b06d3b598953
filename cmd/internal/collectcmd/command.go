package collectcmd

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/artifacts"
)

// flags are what a responder may say.
type flags struct {
	caseID, examiner, note, place string
	to                            []string
	noEncryption                  bool
	out, spill                    string
	signKey, tsa                  string

	profile                      string
	artifacts, definitions       []string
	paths, images, trees, pcaps  []string
	packets                      []string
	hashes                       []string
	maxFile, maxTotal, maxSparse string
	timeout                      time.Duration
	cpu                          float64
	io                           string
	allowCommands, list, confirm bool
	workers                      int

	replaced []artifacts.Replaced // found while planning
	idle     []*artifacts.Definition
}

// New returns the collect command. program is the name that examples use:
// "hozen collect" or "hozen-collect".
func New(app *cli.App, program string) *cobra.Command {
	var f flags
	use := program[strings.LastIndexByte(program, ' ')+1:]
	cmd := &cobra.Command{
		Use:   use + " --case CASE --examiner NAME --to RECIPIENT --out PLACE",
		Short: "Collect evidence from this host or an image into a sealed bundle",
		Long: `Takes what a profile asks for from this host (or from --image, --tree, --pcap),
volatile things first, and seals it as it goes: a host that dies costs at most ten
seconds of work. It starts without a question unless --confirm is given.

The output is a folder, one file (a name that ends in .zip), or s3://bucket/prefix
straight from memory. Without --sign-key the collector makes a key for this one
collection and destroys it at the end: no long-lived secret is ever on the host.
At the end it prints the root of the seal in words; write them down.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 done with gaps: something was denied,
failed, partial or cut by a budget, or a path named by hand is not there.`,
		Example: fmt.Sprintf(`  %[1]s --case IR-1 --examiner "A. Examiner" --to age1… --to legal/ --out b/
  %[1]s --case IR-1 --examiner "A. Examiner" --to keys/ --out b.zip --packets eth0:30s
  %[1]s --case IR-1 --examiner "A. Examiner" --to keys/ --out b/ --profile none --path /srv/www --path '/home/*/.bash_history'
  %[1]s --case IR-1 --examiner "A. Examiner" --to keys/ --out b/ --image disk.dd
  %[1]s --list`, program),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.list {
				return list(app, f)
			}
			return collectBundle(cmd.Context(), app, f, cmd.Flags().Changed("profile"))
		},
	}
	f.register(cmd)
	return cmd
}

func (f *flags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.caseID, "case", "", "the case's `id`, e.g. IR-2026-0117")
	fl.StringVar(&f.examiner, "examiner", "", "who collects (`name`)")
	fl.StringVar(&f.note, "note", "", "a `text` for the header")
	fl.StringVar(&f.place, "place", "", "where this happens (`text`)")
	fl.StringArrayVar(&f.to, "to", nil, "age `recipient`, a file of them, or a key folder (repeatable); two are better than one")
	fl.BoolVar(&f.noEncryption, "no-encryption", false, "leave the bundle readable to anyone")
	fl.StringVar(&f.out, "out", "", "the new bundle: folder, file.zip or s3://bucket/prefix")
	fl.StringVar(&f.spill, "spill", "", "`folder` for what a store that stops answering refused")
	fl.StringVar(&f.signKey, "sign-key", "", "sign with this key `folder` or file instead of a key for this collection")
	fl.StringVar(&f.tsa, "tsa", "", "`URL` of a time-stamping authority (RFC 3161) for the last checkpoint")

	fl.StringVar(&f.profile, "profile", collect.ProfileTriage, "what to take: triage, volatile, full or none")
	fl.StringArrayVar(&f.artifacts, "artifact", nil, "take this `definition` or built-in artifact too (repeatable)")
	fl.StringArrayVar(&f.definitions, "artifacts", nil, "load definitions from this `file` or folder (repeatable); those in it that name no profile are asked for by --artifact")
	fl.StringArrayVar(&f.paths, "path", nil, "take this file or tree by hand (repeatable); where nothing has that name, * and ? match as in definitions, and ** at any depth")
	fl.StringArrayVar(&f.images, "image", nil, "collect from this raw disk `image` instead of this host (repeatable)")
	fl.StringArrayVar(&f.trees, "tree", nil, "collect from the tree mounted at this `folder` instead of this host (repeatable)")
	fl.StringArrayVar(&f.pcaps, "pcap", nil, "take this capture `file` into the bundle (repeatable)")
	fl.StringArrayVar(&f.packets, "packets", nil, "capture packets: `INTERFACE:DURATION`, eth0:30s, any:all (repeatable)")
	fl.StringSliceVar(&f.hashes, "hash", nil, "more digests beside SHA-256: sha1, md5")
	fl.StringVar(&f.maxFile, "max-file", "", "skip files over this `size`, e.g. 2GiB")
	fl.StringVar(&f.maxTotal, "max-total", "", "take no more content than this `size` in all; records, and the ledger of what was cut, come on top")
	fl.StringVar(&f.maxSparse, "max-sparse", "2TiB", "take no more holes of sparse files than this `size` in all (of files with over 64GiB of them, and eight times as much of others)")
	fl.DurationVar(&f.timeout, "timeout", 0, "take nothing more after this time, e.g. 20m")
	fl.Float64Var(&f.cpu, "cpu", 0, "use at most this `percent` of the machine's cores")
	fl.StringVar(&f.io, "io", "", "read at most this `size` of files a second, e.g. 50MiB")
	fl.BoolVar(&f.allowCommands, "allow-commands", false, "let COMMAND artifacts start programs of this host")
	fl.BoolVar(&f.list, "list", false, "show every artifact, and take nothing")
	fl.BoolVar(&f.confirm, "confirm", false, "show the preflight and ask before starting")
	fl.IntVar(&f.workers, "workers", 0, "how many frames to compress at once, at most 16 (0: one a core)")
}
