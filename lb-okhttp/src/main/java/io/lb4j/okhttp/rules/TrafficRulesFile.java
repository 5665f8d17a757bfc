package io.lb4j.okhttp.rules;

import io.lb4j.Scheduler;
import io.lb4j.discovery.FileWatch;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * {@link TrafficRules} in a JSON file, which is watched: a change is in force within a second. A file that is missing, half-written
 * or wrong leaves the last good rules in force; what is wrong with it is logged once and can be asked for.
 *
 * <pre>{@code
 * {"routes": [
 *   {"name": "canary", "match": {"service": "orders", "percent": 5, "byHeader": "X-User"},
 *    "subset": {"version": "canary"}, "fallback": "any"}
 * ]}
 * }</pre>
 *
 * <p>The whole format is in docs/routing.md. Unknown fields are errors, as a misspelt condition would be one less. One file may
 * serve several clients; it belongs to who opened it. Thread-safe.
 */
public final class TrafficRulesFile implements AutoCloseable {
    /** How often the file is looked at unless told otherwise: 250 ms. */
    public static final Duration DEFAULT_CHECK_INTERVAL = Duration.ofMillis(250);

    /** Largest accepted file, in bytes: 1 MiB. */
    public static final int MAX_BYTES = 1 << 20;

    private static final System.Logger LOG = System.getLogger(TrafficRulesFile.class.getName());

    private final Path path;
    private final List<Consumer<? super TrafficRules>> followers = new CopyOnWriteArrayList<>();
    private final FileWatch<TrafficRules> watch;

    /** Written before the first read of it, and then on the watch's thread. */
    private volatile TrafficRules current = TrafficRules.none();

    private volatile @Nullable Exception trouble;

    private TrafficRulesFile(Path path, Duration interval, @Nullable Scheduler scheduler) throws IOException {
        this.path = path;
        FileWatch.Builder<TrafficRules> builder = FileWatch.<TrafficRules>builder(
                        path, content -> RulesReader.read(content, path.toString()), new Changes())
                .checkInterval(interval)
                .maxBytes(MAX_BYTES);
        if (scheduler != null) {
            builder.scheduler(scheduler);
        }
        this.watch = builder.buildGood();
    }

    /**
     * Reads the file, and watches it from then on.
     *
     * @throws IOException if there is no such file, or it is not good: a program that starts without its rules would send calls
     *     where they must not go
     */
    public static TrafficRulesFile open(Path path) throws IOException {
        return open(path, DEFAULT_CHECK_INTERVAL);
    }

    /**
     * The same with another time between two looks.
     *
     * @throws IOException as {@link #open(Path)}
     * @throws IllegalArgumentException unless 10 ms to 1 hour
     */
    public static TrafficRulesFile open(Path path, Duration checkInterval) throws IOException {
        return new TrafficRulesFile(Objects.requireNonNull(path, "path"), checkInterval, null);
    }

    /** For tests, which look when they like. */
    static TrafficRulesFile open(Path path, Duration checkInterval, Scheduler scheduler) throws IOException {
        return new TrafficRulesFile(path, checkInterval, scheduler);
    }

    /** The rules in force. */
    public TrafficRules rules() {
        return current;
    }

    /** What is wrong with the file, or with the rules in it for one of the clients that follow it; null if nothing is. */
    public @Nullable Exception trouble() {
        return trouble;
    }

    /**
     * Gives the rules to this follower, now and on every change. It may refuse them by throwing an {@link IllegalArgumentException}: now
     * that goes to the caller, later it is logged and becomes the {@link #trouble()}, and the follower keeps what it has.
     *
     * @return ends this
     */
    public Runnable follow(Consumer<? super TrafficRules> follower) {
        synchronized (followers) {
            follower.accept(current);
            followers.add(follower);
        }
        return () -> followers.remove(follower);
    }

    /** Stops watching. The clients that follow it keep their rules. Idempotent. */
    @Override
    public void close() {
        watch.close();
    }

    @Override
    public String toString() {
        return "TrafficRulesFile[" + path + "]";
    }

    private final class Changes implements FileWatch.Listener<TrafficRules> {
        @Override
        public void onChange(TrafficRules read) {
            trouble = null;
            synchronized (followers) {
                // Else whoever can have the file written could have every rate limit start afresh.
                TrafficRules value = read.after(current);
                current = value;
                for (Consumer<? super TrafficRules> each : followers) {
                    give(value, each);
                }
            }
        }

        private void give(TrafficRules value, Consumer<? super TrafficRules> follower) {
            try {
                follower.accept(value);
            } catch (RuntimeException e) {
                trouble = new IllegalArgumentException(path + ": " + e.getMessage(), e);
                LOG.log(
                        System.Logger.Level.WARNING,
                        path + ": " + e.getMessage() + "; the last good rules stay in force");
            }
        }

        @Override
        public void onTrouble(IOException error) {
            trouble = error;
        }

        @Override
        public void onRecovery() {
            trouble = null;
        }
    }
}
