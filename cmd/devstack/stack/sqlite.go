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

	"shipments/workflows"
)

// The stores of the Temporal server.
const (
	mainStore       = "main"
	visibilityStore = "visibility"
)

// prepareStores makes the two databases and the namespace. The visibility
// records have a store of their own: they are a quarter of the writes, and can
// be lost without losing a process, so their store may wait less for the disk.
func (s *Stack) prepareStores(conf *config.Config) error {
	for store, attributes := range map[string]map[string]string{
		mainStore:       {"synchronous": "normal"},
		visibilityStore: {"synchronous": "off"},
	} {
		settings := &config.SQL{PluginName: sqliteplugin.PluginName, ConnectAttributes: attributes}
		if s.options.Ephemeral {
			settings.DatabaseName = fmt.Sprintf("%s-%d", store, rand.Int64()) //nolint:gosec // a name
			settings.ConnectAttributes = map[string]string{"mode": "memory", "cache": "shared", "journal_mode": "off"}
		} else {
			settings.DatabaseName = filepath.Join(s.LogDir, "temporal-"+store+".db")
			if err := createDatabase(settings.DatabaseName); err != nil {
				return err
			}
			attributes["mode"] = "rw"
			attributes["journal_mode"] = "wal"
			attributes["cache_size"] = "-65536"       // 64 MiB
			attributes["wal_autocheckpoint"] = "8000" // pages of 4 KiB
			attributes["busy_timeout"] = "10000"      // milliseconds
		}
		conf.Persistence.DataStores[store] = config.DataStore{SQL: settings}
	}
	if err := dropIndexes(conf.Persistence.DataStores[visibilityStore].SQL); err != nil {
		return err
	}
	namespace, err := sqlite.NewNamespaceConfig(clusterName, Namespace, false, workflows.SearchAttributes())
	if err != nil {
		return fmt.Errorf("configure the namespace: %w", err)
	}
	if s.options.Retention > 0 {
		namespace.Detail.Config.Retention = durationpb.New(s.options.Retention)
	}
	if err := sqlite.CreateNamespaces(conf.Persistence.DataStores[mainStore].SQL, namespace); err != nil {
		return fmt.Errorf("make the namespace: %w", err)
	}
	return nil
}

// createDatabase makes a database with Temporal's schema if there is none. It
// is made under another name first: a kill in the middle leaves nothing half done.
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

// indexesKept are the indexes that lists in the Temporal UI and most queries use.
var indexesKept = []string{"default_idx", "by_workflow_id", "by_workflow_type", "by_status"}

// dropIndexes removes the other indexes of the visibility records. Temporal's
// schema has some sixty, one for every attribute that a query may name, and each
// record is written to all of them, twice or three times in the life of a
// process: more than half of what its visibility cost. A query for another
// attribute, ShipmentCategory say, reads the records one by one instead, which
// for the hundred thousands of a dev stack takes no second.
func dropIndexes(settings *config.SQL) (err error) {
	// It makes a database in memory, and keeps it.
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
