package io.lb4j.discovery;

import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.internal.Durations;
import io.lb4j.discovery.internal.InstanceReader;
import io.lb4j.discovery.internal.Names;
import io.lb4j.discovery.internal.Watchers;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Instances listed in a JSON file, which is watched: a change is in force within a second.
 *
 * <pre>{@code
 * {"services": {
 *   "orders": ["127.0.0.1:8081", {"host": "127.0.0.1", "port": 8082, "id": "b", "weight": 2, "zone": "z1",
 *              "priority": 0, "secure": false, "metadata": {"version": "7"}}],
 *   "users": []
 * }}
 * }</pre>
 *
 * <p>An empty array says that the service has no instances; a service that isn't in the file is unknown. A file that is
 * missing, empty, half-written, malformed or too large leaves the last good content in force; each such trouble is
 * logged once and told to the listeners once, until the file is good again. Since a file may be looked at while it is
 * being written, a trouble counts when two looks in a row see the same one, or at once if nothing good was seen yet.
 *
 * <p>The file is read on a daemon thread of its own, so that a file system that hangs stops nobody else; it ends with
 * {@link #close()}. Thread-safe.
 */
public final class FileDiscovery implements ServiceDiscovery {
    /** How often the file is looked at unless told otherwise: 250 ms. */
    public static final Duration DEFAULT_CHECK_INTERVAL = Duration.ofMillis(250);

    /** Largest accepted file, in bytes: 16 MiB. */
    public static final int MAX_BYTES = 16 << 20;

    private final Path path;
    private final FileWatch<Map<String, List<ServiceInstance>>> file;

    /** The rest is guarded by this. */
    private final Map<String, Watchers> watched = new LinkedHashMap<>();

    private @Nullable Map<String, List<ServiceInstance>> services;
    private @Nullable IOException trouble;
    private boolean closed;

    private FileDiscovery(Builder builder) {
        this.path = builder.path;
        FileWatch.Builder<Map<String, List<ServiceInstance>>> watch =
                FileWatch.<Map<String, List<ServiceInstance>>>builder(
                                path, content -> InstanceReader.services(content, path.toString()), new Content())
                        .checkInterval(builder.interval);
        if (builder.scheduler != null) {
            watch.scheduler(builder.scheduler);
        }
        this.file = watch.build();
    }

    /** Watches the file at {@code path}, which need not exist yet. */
    public static FileDiscovery of(Path path) {
        return builder(path).build();
    }

    /** A builder with every setting at its default. */
    public static Builder builder(Path path) {
        return new Builder(path);
    }

    @Override
    public Watch watch(String service, Listener listener) {
        Watchers watchers;
        Watch watch;
        synchronized (this) {
            if (closed) {
                throw new IllegalStateException(this + " is closed");
            }
            Watchers found = watched.computeIfAbsent(service, Watchers::new);
            note(service, found);
            watch = found.add(listener, () -> forget(service, found));
            watchers = found;
        }
        watchers.flush();
        return watch;
    }

    /** Tells what is known, but a trouble only to those who were not told before. */
    private void note(String service, Watchers watchers) {
        if (!watchers.isEmpty()) {
            return;
        }
        noteState(service, watchers);
        if (trouble != null) {
            watchers.error(trouble);
        }
    }

    private void noteState(String service, Watchers watchers) {
        if (services == null) {
            return;
        }
        List<ServiceInstance> instances = services.get(service);
        if (instances != null) {
            watchers.instances(instances);
        } else {
            watchers.unknown(path + " has no service '" + service + "' (expected: "
                    + Names.oneOf(new TreeSet<>(services.keySet())) + ")");
        }
    }

    private synchronized void forget(String service, Watchers watchers) {
        if (watchers.isEmpty()) {
            watched.remove(service, watchers);
        }
    }

    private final class Content implements FileWatch.Listener<Map<String, List<ServiceInstance>>> {
        @Override
        public void onChange(Map<String, List<ServiceInstance>> value) {
            good(value);
        }

        @Override
        public void onRecovery() {
            good(null);
        }

        private void good(@Nullable Map<String, List<ServiceInstance>> fresh) {
            List<Watchers> all;
            synchronized (FileDiscovery.this) {
                if (fresh != null) {
                    services = fresh;
                }
                trouble = null;
                watched.forEach(FileDiscovery.this::noteState);
                all = List.copyOf(watched.values());
            }
            all.forEach(Watchers::flush);
        }

        @Override
        public void onTrouble(IOException error) {
            List<Watchers> all;
            synchronized (FileDiscovery.this) {
                trouble = error;
                watched.values().forEach(watchers -> watchers.error(error));
                all = List.copyOf(watched.values());
            }
            all.forEach(Watchers::flush);
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            watched.values().forEach(Watchers::close);
            watched.clear();
        }
        file.close();
    }

    @Override
    public String toString() {
        return "FileDiscovery[" + path + "]";
    }

    /** Collects the settings of a {@link FileDiscovery}. Not thread-safe. */
    public static final class Builder {
        private final Path path;
        private Duration interval = DEFAULT_CHECK_INTERVAL;
        private @Nullable Scheduler scheduler;

        private Builder(Path path) {
            this.path = Objects.requireNonNull(path, "path");
        }

        /**
         * Sets how often the file is looked at; default {@link #DEFAULT_CHECK_INTERVAL}.
         *
         * @throws IllegalArgumentException unless 10 ms to 1 hour
         */
        public Builder checkInterval(Duration value) {
            this.interval = Durations.check("checkInterval", value, Duration.ofMillis(10), Duration.ofHours(1));
            return this;
        }

        /**
         * Sets who runs the checks; default a daemon thread of this discovery's own. A check reads the file, so the
         * scheduler's thread waits for the file system.
         */
        public Builder scheduler(Scheduler value) {
            this.scheduler = Objects.requireNonNull(value, "scheduler");
            return this;
        }

        /** Builds the discovery and starts watching the file. */
        public FileDiscovery build() {
            return new FileDiscovery(this);
        }
    }
}
