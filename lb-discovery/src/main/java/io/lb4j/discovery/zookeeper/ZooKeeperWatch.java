package io.lb4j.discovery.zookeeper;

import io.lb4j.Scheduler;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.internal.Backoff;
import io.lb4j.discovery.internal.Bulletin;
import io.lb4j.discovery.internal.Lane;
import io.lb4j.discovery.internal.MalformedException;
import io.lb4j.discovery.internal.Names;
import io.lb4j.discovery.internal.ServiceWatches;
import io.lb4j.discovery.internal.Watchers;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.api.BackgroundCallback;
import org.apache.curator.framework.api.CuratorEvent;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.jspecify.annotations.Nullable;

/**
 * Follows the nodes below that of one service. One watch tells of all changes; what changed is then read, and again all of it
 * after each loss of the connection, since changes in between are not told. Thread-safe.
 */
final class ZooKeeperWatch implements ServiceWatches.Running {
    /** A storm of changes is read this often, and each time all of them. */
    private static final Duration BREATH = Duration.ofMillis(10);

    private final String basePath;
    private final String path;
    private final Settings settings;
    private final Bulletin bulletin;
    private final Watcher watcher = this::happened;

    /** Everything that happens, one after the other. */
    private final Lane lane = new Lane();

    /** These are the lane's. */
    private final Map<String, Entry> entries = new TreeMap<>();

    private final Set<String> stale = new HashSet<>();
    private boolean reading;
    private boolean again;
    private int pending;
    private int failures;

    /** What is answered to questions of an earlier round is old. */
    private long round;

    /** Guarded by this. */
    private Scheduler.@Nullable Task timer;

    private volatile boolean closed;

    /** What all watches of one discovery share. */
    record Settings(
            ZooKeeperClient zooKeeper,
            Set<ZooKeeperWatch> watches,
            Duration sessionTimeout,
            Scheduler scheduler,
            Backoff backoff,
            boolean preferTls) {}

    /** What one node says: an instance, or why it is none. */
    private record Entry(@Nullable ServiceInstance instance, String complaint) {}

    private interface Question {
        void ask(BackgroundCallback callback) throws Exception;
    }

    private interface Answer {
        void take(CuratorEvent event, KeeperException.Code code);
    }

    ZooKeeperWatch(String service, String basePath, String path, Settings settings) {
        this.basePath = basePath;
        this.path = path;
        this.settings = settings;
        this.bulletin = new Bulletin(settings.zooKeeper.toString(), service);
    }

    @Override
    public Watchers watchers() {
        return bulletin.watchers();
    }

    @Override
    public void start() {
        settings.watches.add(this);
        if (closed) {
            settings.watches.remove(this);
        }
        lane.post(this::arm);
    }

    /** One session serves all watches. */
    private CuratorFramework client() {
        Set<ZooKeeperWatch> all = settings.watches;
        return settings.zooKeeper.open(
                settings.sessionTimeout,
                Collections.min(List.of(settings.sessionTimeout, Backoff.MAX)),
                connected -> all.forEach(watch -> watch.connection(connected)));
    }

    /** There is a connection, or none any more. */
    private void connection(boolean connected) {
        lane.post(() -> {
            if (connected) {
                arm();
            } else if (!closed) {
                round++;
                reading = true;
                bulletin.trouble(settings.zooKeeper.disconnected());
            }
        });
    }

    /** Watches and then reads all, so that no change is missed between the two. */
    private void arm() {
        if (closed) {
            return;
        }
        round++;
        reading = true;
        again = false;
        stale.addAll(entries.keySet());
        ask(
                path,
                callback -> client().watchers()
                        .add()
                        .withMode(AddWatchMode.PERSISTENT_RECURSIVE)
                        .inBackground(callback)
                        .usingWatcher(watcher)
                        .forPath(path),
                (event, code) -> {
                    if (code == KeeperException.Code.OK) {
                        list();
                    } else {
                        failed(settings.zooKeeper.trouble(code, path));
                    }
                });
    }

    /** Asks in the background; the answer is taken on the lane, unless it is an old one. */
    private void ask(String what, Question question, Answer answer) {
        long mine = round;
        try {
            question.ask((any, event) -> lane.post(() -> {
                if (mine == round && !closed) {
                    take(event, answer);
                }
            }));
        } catch (Exception e) {
            failed(new IOException(settings.zooKeeper + ": " + what + ": " + e, e));
        }
    }

    /** Whatever a node says, the next change must be heard of. */
    private void take(CuratorEvent event, Answer answer) {
        try {
            answer.take(event, KeeperException.Code.get(event.getResultCode()));
        } catch (RuntimeException e) {
            failed(new IOException(settings.zooKeeper + ": answered something odd: " + e, e));
        }
    }

    private void list() {
        again = false;
        ask(path, callback -> client().getChildren().inBackground(callback).forPath(path), (event, code) -> {
            switch (code) {
                case OK -> read(event.getChildren());
                case NONODE -> unknown();
                default -> failed(settings.zooKeeper.trouble(code, path));
            }
        });
    }

    private void read(List<String> names) {
        entries.keySet().retainAll(new HashSet<>(names));
        List<String> wanted = names.stream()
                .filter(name -> stale.contains(name) || !entries.containsKey(name))
                .toList();
        stale.clear();
        pending = wanted.size();
        if (pending == 0) {
            publish();
        }
        long mine = round;
        for (String name : wanted) {
            if (mine != round) {
                return;
            }
            String node = path + "/" + name;
            ask(node, callback -> client().getData().inBackground(callback).forPath(node), (event, code) -> {
                switch (code) {
                    case OK -> entries.put(name, entry(name, event.getData()));
                    // It has gone in the meantime.
                    case NONODE -> entries.remove(name);
                    default -> {
                        stale.addAll(wanted);
                        failed(settings.zooKeeper.trouble(code, node));
                        return;
                    }
                }
                if (--pending == 0) {
                    publish();
                }
            });
        }
    }

    private Entry entry(String name, byte @Nullable [] data) {
        try {
            return new Entry(CuratorJson.read(name, data == null ? new byte[0] : data, settings.preferTls), "");
        } catch (MalformedException e) {
            return new Entry(null, String.valueOf(e.getMessage()));
        }
    }

    private void publish() {
        List<ServiceInstance> instances = new ArrayList<>();
        List<String> complaints = new ArrayList<>();
        for (Entry entry : entries.values()) {
            if (entry.instance != null) {
                instances.add(entry.instance);
            } else {
                complaints.add(entry.complaint);
            }
        }
        settle();
        bulletin.instances(instances, complaints);
    }

    private void unknown() {
        entries.clear();
        stale.clear();
        ask(basePath, callback -> client().getChildren().inBackground(callback).forPath(basePath), (event, code) -> {
            settle();
            bulletin.unknown("no node " + path + " (expected: "
                    + Names.oneOf(code == KeeperException.Code.OK ? new TreeSet<>(event.getChildren()) : Set.of())
                    + ")");
        });
    }

    /** Nothing is being read any more; what changed meanwhile is. */
    private void settle() {
        failures = 0;
        reading = false;
        if (again) {
            listSoon();
        }
    }

    private void listSoon() {
        reading = true;
        long mine = round;
        timer(BREATH, () -> {
            if (mine == round) {
                list();
            }
        });
    }

    private void happened(WatchedEvent event) {
        String changed = event.getPath();
        // Of the connection it is said elsewhere.
        if (changed == null || event.getType() == Watcher.Event.EventType.None) {
            return;
        }
        lane.post(() -> {
            if (closed) {
                return;
            }
            if (changed.startsWith(path + "/")) {
                stale.add(changed.substring(path.length() + 1));
            }
            if (reading) {
                again = true;
            } else {
                listSoon();
            }
        });
    }

    private void failed(IOException error) {
        if (closed) {
            return;
        }
        round++;
        failures++;
        reading = true;
        bulletin.trouble(error);
        timer(settings.backoff.delay(failures), this::arm);
    }

    private synchronized void timer(Duration delay, Runnable task) {
        if (timer != null) {
            timer.cancel();
        }
        if (!closed) {
            timer = settings.scheduler.schedule(() -> lane.post(task), delay);
        }
    }

    @Override
    public void close() {
        closed = true;
        synchronized (this) {
            if (timer != null) {
                timer.cancel();
            }
        }
        settings.watches.remove(this);
        bulletin.watchers().close();
        CuratorFramework open = settings.zooKeeper.ifOpen();
        if (open != null) {
            try {
                // No other one is at this node; taken back by itself, the server keeps it.
                open.watchers().removeAll().quietly().inBackground().forPath(path);
            } catch (Exception e) {
                // There is no watch, then.
            }
        }
    }
}
