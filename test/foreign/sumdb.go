// Checks signed tree heads and proofs with Go's own module for transparency logs, which this project did not write.
//
// Reads an array of claims as JSON and prints one line for each: "ok", or why it is refused.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type claim struct {
	Kind    string
	Key     string
	Note    string
	Size    int64
	Root    string
	OldSize int64
	OldRoot string
	Index   int64
	Leaf    []byte
	Proof   []string
}

func hash(text string) tlog.Hash {
	h, err := tlog.ParseHash(text)
	if err != nil {
		return tlog.Hash{}
	}
	return h
}

func check(c claim) error {
	proof := make([]tlog.Hash, len(c.Proof))
	for i, text := range c.Proof {
		proof[i] = hash(text)
	}
	switch c.Kind {
	case "note":
		verifier, err := note.NewVerifier(c.Key)
		if err != nil {
			return err
		}
		_, err = note.Open([]byte(c.Note), note.VerifierList(verifier))
		return err
	case "inclusion":
		return tlog.CheckRecord(proof, c.Size, hash(c.Root), c.Index, tlog.RecordHash(c.Leaf))
	case "consistency":
		return tlog.CheckTree(proof, c.Size, hash(c.Root), c.OldSize, hash(c.OldRoot))
	}
	return fmt.Errorf("unknown kind %q", c.Kind)
}

func main() {
	var claims []claim
	if err := json.NewDecoder(os.Stdin).Decode(&claims); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, c := range claims {
		if err := check(c); err != nil {
			fmt.Println("refused:", err)
		} else {
			fmt.Println("ok")
		}
	}
}
