package cmd

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/env"
)

type demoClientOptions struct{ URL string }

// newDemoClientCmd is the demo's child: a program that knows nothing of kyoli
// but one variable of its environment.
func newDemoClientCmd(f *Factory, runF func(context.Context, *demoClientOptions) error) *cobra.Command {
	o := &demoClientOptions{}
	return &cobra.Command{
		Use:    "client URL",
		Short:  "Call the demo's provider with the token from the environment",
		Args:   cobra.ExactArgs(1),
		Hidden: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.URL = args[0]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runDemoClient(cmd.Context(), f, o)
		},
	}
}

func runDemoClient(ctx context.Context, f *Factory, o *demoClientOptions) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.URL, strings.NewReader(`{"model":"demo","input":"hi"}`))
	if err != nil {
		return err
	}
	if host := req.URL.Hostname(); host != "127.0.0.1" {
		return usageErrorf("kyoli demo", "the demo's client calls 127.0.0.1 only, not %s", host)
	}
	req.Header.Set("Authorization", "Bearer "+f.Env.Get(env.AccessToken))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the demo's provider answered %s", res.Status)
	}
	return printDeltas(f.Out, res.Body)
}

// printDeltas prints the text of a Responses stream.
func printDeltas(w io.Writer, stream io.Reader) error {
	lines := bufio.NewScanner(stream)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		var event struct{ Delta string }
		if ok && json.Unmarshal([]byte(data), &event) == nil && event.Delta != "" {
			fmt.Fprintln(w, event.Delta)
		}
	}
	return lines.Err()
}
