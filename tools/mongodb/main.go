// main.go -- a server that speaks MongoDB's protocol and keeps its data in SQLite files: FerretDB, for machines without
// mongod. Usage: citywatch-mongodb <folder> <address:port> <key and certificate>. Clients need the same file: the certificate
// is the server's, theirs, and the authority for both. Ends by SIGTERM, with exit code 0.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func run(folder, address, pem string) error {
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TLS: address, TLSCertFile: pem, TLSKeyFile: pem, TLSCAFile: pem},
		Logger:    slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Handler:   "sqlite",
		SQLiteURL: "file:" + folder + "/",
	})
	if err != nil {
		return err
	}
	return server.Run(stop)
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: citywatch-mongodb <folder> <address:port> <key and certificate>")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "citywatch-mongodb:", err)
		os.Exit(1)
	}
}
