package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/cmd/internal/collectcmd"
	"github.com/hozen-dfir/hozen/evidence/keys"
)

func newKeysCommand(app *cli.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "keys",
		Short:   "Make and show keys for signing and decrypting",
		Example: `  hozen keys new --name "A. Examiner" --role examiner --out keys/`,
	}
	cmd.AddCommand(newKeysNewCommand(app), newKeysShowCommand(app), newKeysExportCommand(app))
	return cmd
}

func newKeysNewCommand(app *cli.App) *cobra.Command {
	var o keys.Options
	var role, out string
	var noPassphrase bool
	cmd := &cobra.Command{
		Use:   "new --name NAME --role ROLE --out FOLDER",
		Short: "Make a signing key and an identity for one person",
		Long: `Makes an Ed25519 signing key and an age identity in a new folder. The identity is
hybrid post-quantum (ML-KEM-768 and X25519) unless --classic is given; classic
ones are opened by every age tool, hybrid ones by age 1.3 and later. The private
files are encrypted with a passphrase unless --no-passphrase is given.`,
		Example: `  hozen keys new --name "A. Examiner" --role examiner --out keys/
  hozen keys new --name "Legal" --role legal --classic --no-passphrase --out legal/`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := keys.ParseRole(role)
			if err != nil {
				return cli.WithCode(cli.Usage, err)
			}
			if o.Person == "" || out == "" {
				return cli.Usagef("keys new needs --name, --role and --out")
			}
			if err := keys.ValidPerson(o.Person); err != nil {
				return cli.BadFlag("name", err)
			}
			if err := collectcmd.OutsideBundles("out", out); err != nil {
				return err
			}
			if noPassphrase && cmd.Flags().Changed("passphrase-file") {
				return cli.Usagef("--no-passphrase and --passphrase-file exclude each other")
			}
			o.Role, o.Created = r, time.Now()
			if !noPassphrase {
				pass, err := app.Passphrase(cmd.Context(), "Passphrase for the new keys", true)
				if err != nil {
					return err
				}
				o.Passphrase = string(pass)
			}
			f, err := keys.Create(out, o)
			if err != nil {
				return newFolderHint(err)
			}
			if noPassphrase {
				app.Warnf("the private files in %s are not encrypted: whoever reads them can sign as %s", out, o.Person)
			}
			return showFacts(app, f)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Person, "name", "", "the person's `name`")
	f.StringVar(&role, "role", "", "examiner, analyst, legal or collector")
	f.StringVar(&out, "out", "", "the new `folder`")
	f.BoolVar(&o.Classic, "classic", false, "make an X25519 identity, which age tools before 1.3 open too")
	f.BoolVar(&noPassphrase, "no-passphrase", false, "leave the private files unencrypted")
	return cmd
}

func newKeysShowCommand(app *cli.App) *cobra.Command {
	return &cobra.Command{
		Use:     "show FOLDER",
		Short:   "Show the public facts of a key folder",
		Example: "  hozen keys show keys/",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := keys.ReadFacts(args[0])
			if err != nil {
				return cli.WithHint(err, keyFolderHint)
			}
			return showFacts(app, f)
		},
	}
}

func newKeysExportCommand(app *cli.App) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "export FOLDER --out FOLDER",
		Short: "Copy the public part of a key folder, to give away",
		Example: `  hozen keys export keys/ --out examiner-public/
  hozen verify b/ --key examiner-public/`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if out == "" {
				return cli.Usagef("keys export needs --out")
			}
			if err := collectcmd.OutsideBundles("out", out); err != nil {
				return err
			}
			if _, err := keys.ReadFacts(args[0]); err != nil {
				return cli.WithHint(err, keyFolderHint)
			}
			f, err := keys.Export(args[0], out)
			if err != nil {
				return newFolderHint(fmt.Errorf("exporting to %s: %w", out, err))
			}
			return showFacts(app, f)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the new `folder`")
	return cmd
}

const keyFolderHint = "name a folder made by hozen keys new or hozen keys export"

func newFolderHint(err error) error {
	if errors.Is(err, fs.ErrExist) {
		return cli.WithHint(err, "name a new folder with --out; hozen keys show tells whose keys are there")
	}
	return err
}

// loadSigner reads the key that --name gives for signing; nil where path is "".
func loadSigner(ctx context.Context, app *cli.App, name, path string) (*keys.Signer, error) {
	if path == "" {
		return nil, nil
	}
	s, err := keys.LoadSigner(path, app.Asker(ctx))
	return s, collectcmd.KeyError(name, collectcmd.WantSigner, err)
}

// loadActor is loadSigner for a key that signs in a custody log, where every
// actor has a person and a role.
func loadActor(ctx context.Context, app *cli.App, name, path string) (*keys.Signer, error) {
	s, err := loadSigner(ctx, app, name, path)
	if s == nil || err != nil {
		return nil, err
	}
	if s.Role() == "" {
		return nil, cli.WithHint(cli.BadFlag(name, fmt.Errorf("%s does not say whose key it is, nor in which role: an entry in a custody log says both", path)),
			"name the whole folder that hozen keys new made: key.json in it has them")
	}
	return s, nil
}

// loadKnown reads the keys that --key vouches for.
func loadKnown(args []string) (*keys.Known, error) {
	k, err := keys.LoadKnown(args)
	return k, collectcmd.KeyError("key", collectcmd.WantVerifier, err)
}

func showFacts(app *cli.App, f keys.Facts) error {
	if app.JSON {
		return app.Emit(f)
	}
	w := tabwriter.NewWriter(app.Out, 0, 0, 2, ' ', 0)
	for _, l := range [][2]string{
		{"person", f.Person}, {"role", string(f.Role)}, {"created", f.Created.Format(time.RFC3339)},
		{"key id", f.ID}, {"fingerprint", f.Fingerprint}, {"verifier key", f.VKey}, {"recipient id", f.RecipientID}, {"recipient", f.Recipient},
	} {
		fmt.Fprintf(w, "%s\t%s\n", l[0], cli.Safe(l[1]))
	}
	return w.Flush()
}
