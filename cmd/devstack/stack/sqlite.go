package stack

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"shipments/hosts"

	"github.com/jmoiron/sqlx"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence/sql"
	"go.temporal.io/server/common/persistence/sql/sqlplugin"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/resolver"
	"go.temporal.io/server/schema/sqlite"
	"google.golang.org/protobuf/types/known/durationpb"
)

// The stores of the Temporal server.
const (
	mainStore       = "main"
	visibilityStore = "visibility"
)

// stores are the settings of the two databases. The visibility records have a
// database of their own, which does not wait for the disk: no process is lost with
// them.
func (s *Stack) stores() map[string]config.DataStore {
	stores := map[string]config.DataStore{}
	for store, synchronous := range map[string]string{mainStore: "normal", visibilityStore: "off"} {
		settings := &config.SQL{PluginName: sqliteplugin.PluginName}
		if s.options.Ephemeral {
			settings.DatabaseName = fmt.Sprintf("%s-%d", store, rand.Int64()) //nolint:gosec // a name
			settings.ConnectAttributes = map[string]string{"mode": "memory", "cache": "shared", "journal_mode": "off"}
		} else {
			settings.DatabaseName = filepath.Join(s.Dir, "temporal-"+store+".db")
			settings.ConnectAttributes = map[string]string{
				"mode":               "rw",
				"journal_mode":       "wal",
				"synchronous":        synchronous,
				"cache_size":         "-65536", // 64 MiB
				"wal_autocheckpoint": "8000",   // pages of 4 KiB
				"busy_timeout":       "10000",  // milliseconds
			}
		}
		stores[store] = config.DataStore{SQL: settings}
	}
	return stores
}

// prepareStores makes the databases and the namespace, where they are missing.
func (s *Stack) prepareStores(conf config.Persistence) error {
	for _, store := range conf.DataStores {
		if s.options.Ephemeral {
			continue // A database in memory is made when it is opened.
		}
		if err := createDatabase(store.SQL.DatabaseName); err != nil {
			return err
		}
	}
	if err := dropIndexes(conf.DataStores[conf.VisibilityStore].SQL); err != nil {
		return err
	}
	namespace, err := sqlite.NewNamespaceConfig(clusterName, Namespace, false, hosts.SearchAttributes())
	if err != nil {
		return fmt.Errorf("configure the namespace: %w", err)
	}
	if s.options.Retention > 0 {
		namespace.Detail.Config.Retention = durationpb.New(s.options.Retention)
	}
	if err := sqlite.CreateNamespaces(conf.DataStores[conf.DefaultStore].SQL, namespace); err != nil {
		return fmt.Errorf("make the namespace: %w", err)
	}
	return nil
}

// createDatabase makes a database with Temporal's schema, unless the file exists. It
// makes it under another name first: after a kill in between, the next start makes
// it again.
func createDatabase(file string) error {
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	unfinished := file + ".new"
	if err := os.RemoveAll(unfinished); err != nil {
		return fmt.Errorf("remove %s: %w", unfinished, err)
	}
	err := sqlite.SetupSchema(&config.SQL{
		PluginName: sqliteplugin.PluginName, DatabaseName: unfinished, ConnectAttributes: map[string]string{"mode": "rwc"},
	})
	if err != nil {
		return fmt.Errorf("make database %s: %w", file, err)
	}
	return os.Rename(unfinished, file)
}

// indexesKept are the indexes that the Temporal UI and most queries use.
var indexesKept = []string{"default_idx", "by_workflow_id", "by_workflow_type", "by_status"}

// dropIndexes removes the other indexes of the visibility records. Temporal's
// schema has one for every attribute that a query may name, and each record is
// written to all of them, several times in the life of a process. A query for
// another attribute, such as ShipmentCategory, reads all records instead.
func dropIndexes(settings *config.SQL) (err error) {
	// This also makes the database if it is one in memory.
	admin, err := sql.NewSQLAdminDB(sqlplugin.DbKindVisibility, settings, resolver.NewNoopResolver(), log.NewNoopLogger(), metrics.NoopMetricsHandler)
	if err != nil {
		return fmt.Errorf("open the visibility store: %w", err)
	}
	defer func() { err = errors.Join(err, admin.Close()) }()
	names, err := indexes(settings)
	if err != nil {
		return fmt.Errorf("list the indexes of the visibility store: %w", err)
	}
	for _, name := range names {
		if slices.Contains(indexesKept, name) {
			continue
		}
		if err := admin.Exec("DROP INDEX " + name); err != nil {
			return fmt.Errorf("drop index %s of the visibility store: %w", name, err)
		}
	}
	return nil
}

// indexes lists the indexes of the visibility records that can be dropped.
func indexes(settings *config.SQL) (names []string, err error) {
	location := url.Values{}
	for _, parameter := range []string{"mode", "cache"} {
		if value, ok := settings.ConnectAttributes[parameter]; ok {
			location.Set(parameter, value)
		}
	}
	db, err := sqlx.Open("sqlite", "file:"+settings.DatabaseName+"?"+location.Encode())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.Select(&names, `SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'executions_visibility' AND sql IS NOT NULL`)
	return names, err
}
