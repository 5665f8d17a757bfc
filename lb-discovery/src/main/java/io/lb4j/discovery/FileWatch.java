package io.lb4j.discovery;

import io.lb4j.Scheduler;
import io.lb4j.discovery.internal.DaemonThreads;
import io.lb4j.discovery.internal.Durations;
import io.lb4j.discovery.internal.Troubles;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * A file of settings that is read anew whenever its content changes. What is missing, empty, half-written, malformed or too large
 * leaves the last good content in force; each such trouble is logged once and told once, until the file is good again.
 * Since a file may be looked at while it is being written, a trouble counts when two looks in a row see the same one, or
 * at once if nothing good was seen yet.
 *
 * <p>The file is read on a daemon thread of its own, so that a file system that hangs stops nobody else; it ends with
 * {@link #close()}. Thread-safe.
 *
 * @param <T> what the file says
 */
public final class FileWatch<T> implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(FileWatch.class.getName());

    private final Path path;
    private final Duration interval;
    private final Scheduler scheduler;
    private final Runnable stopScheduler;
    private final Reader<? extends T> reader;
    private final Listener<? super T> listener;

    /** Written by the looks only, which happen one at a time. */
    private final WatchedFile file;

    private final Troubles troubles = new Troubles();
    private @Nullable IOException contentTrouble;
    private @Nullable String suspect;
    private boolean wasGood;

    /** The rest is guarded by this. */
    private Scheduler.@Nullable Task next;

    private boolean closed;

    /**
     * Makes sense of the file's content.
     *
     * @param <T> what the file says
     */
    @FunctionalInterface
    public interface Reader<T> {
        /**
         * Reads the content.
         *
         * @throws IOException if it makes none; the message names the file and says where and why
         */
        T read(byte[] content) throws IOException;
    }

    /**
     * Is told what becomes of the file, one thing at a time, on the watch's thread.
     *
     * @param <T> what the file says
     */
    public interface Listener<T> {
        /** The file is good, and says something else than before. */
        void onChange(T value);

        /** The file can't be read or makes no sense; what it said before holds. */
        void onTrouble(IOException error);

        /** The file is what it was before there was trouble. */
        default void onRecovery() {}
    }

    private FileWatch(Builder<T> builder) {
        this.path = builder.path;
        this.interval = builder.interval;
        this.reader = builder.reader;
        this.listener = builder.listener;
        this.file = new WatchedFile(path, builder.maxBytes);
        if (builder.scheduler != null) {
            this.scheduler = builder.scheduler;
            this.stopScheduler = () -> {};
        } else {
            ScheduledExecutorService own = Executors.newSingleThreadScheduledExecutor(
                    task -> DaemonThreads.create(task, "lb4j-file-" + path.getFileName()));
            this.scheduler = Scheduler.of(own);
            this.stopScheduler = own::shutdownNow;
        }
    }

    /**
     * A builder with every setting at its default.
     *
     * @param <T> what the file says
     * @param path need not exist yet
     */
    public static <T> Builder<T> builder(Path path, Reader<? extends T> reader, Listener<? super T> listener) {
        return new Builder<>(path, reader, listener);
    }

    private synchronized void schedule(Duration delay) {
        if (!closed) {
            next = scheduler.schedule(this::check, delay);
        }
    }

    private void check() {
        try {
            look();
        } finally {
            schedule(interval);
        }
    }

    private void look() {
        T fresh = null;
        try {
            byte[] changed = file.changed();
            if (changed != null) {
                contentTrouble = null;
                fresh = read(changed);
            }
        } catch (IOException e) {
            bad(e);
            return;
        }
        if (contentTrouble != null) {
            bad(contentTrouble);
        } else {
            good(fresh);
        }
    }

    private T read(byte[] content) throws IOException {
        try {
            return reader.read(content);
        } catch (IOException e) {
            // Kept for the looks that find the same content.
            contentTrouble = e;
            throw e;
        }
    }

    private void good(@Nullable T fresh) {
        suspect = null;
        boolean recovered = troubles.clear();
        if (recovered) {
            LOG.log(System.Logger.Level.INFO, path + ": good again");
        }
        if (fresh != null) {
            wasGood = true;
            listener.onChange(fresh);
        } else if (recovered) {
            listener.onRecovery();
        }
    }

    private void bad(IOException error) {
        String what = String.valueOf(error.getMessage());
        boolean settled = what.equals(suspect);
        suspect = what;
        if ((wasGood && !settled) || !troubles.add(what)) {
            return;
        }
        LOG.log(
                System.Logger.Level.WARNING,
                what + (wasGood ? "; the last good content stays in force" : "; waiting for a good one"));
        listener.onTrouble(error);
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            if (next != null) {
                next.cancel();
            }
        }
        stopScheduler.run();
    }

    @Override
    public String toString() {
        return "FileWatch[" + path + "]";
    }

    /**
     * Collects the settings of a {@link FileWatch}. Not thread-safe.
     *
     * @param <T> what the file says
     */
    public static final class Builder<T> {
        private final Path path;
        private final Reader<? extends T> reader;
        private final Listener<? super T> listener;
        private Duration interval = FileDiscovery.DEFAULT_CHECK_INTERVAL;
        private int maxBytes = FileDiscovery.MAX_BYTES;
        private @Nullable Scheduler scheduler;

        private Builder(Path path, Reader<? extends T> reader, Listener<? super T> listener) {
            this.path = Objects.requireNonNull(path, "path");
            this.reader = Objects.requireNonNull(reader, "reader");
            this.listener = Objects.requireNonNull(listener, "listener");
        }

        /**
         * Sets how often the file is looked at; default {@link FileDiscovery#DEFAULT_CHECK_INTERVAL}.
         *
         * @throws IllegalArgumentException unless 10 ms to 1 hour
         */
        public Builder<T> checkInterval(Duration value) {
            this.interval = Durations.check("checkInterval", value, Duration.ofMillis(10), Duration.ofHours(1));
            return this;
        }

        /**
         * Sets how large the file may be, in bytes; default {@link FileDiscovery#MAX_BYTES}.
         *
         * @throws IllegalArgumentException unless positive
         */
        public Builder<T> maxBytes(int value) {
            if (value <= 0) {
                throw new IllegalArgumentException("maxBytes: " + value + " (expected: above 0)");
            }
            this.maxBytes = value;
            return this;
        }

        /** Sets who looks; default a daemon thread of the watch's own. A look reads the file, so the scheduler's thread waits for the file system. */
        public Builder<T> scheduler(Scheduler value) {
            this.scheduler = Objects.requireNonNull(value, "scheduler");
            return this;
        }

        /** Builds the watch, which looks for the first time on its own thread. */
        public FileWatch<T> build() {
            FileWatch<T> built = new FileWatch<>(this);
            built.schedule(Duration.ZERO);
            return built;
        }

        /**
         * Builds the watch after a first look on this thread.
         *
         * @throws IOException if there is nothing good; nothing is watched then, and the listener was not told
         */
        public FileWatch<T> buildGood() throws IOException {
            FileWatch<T> built = new FileWatch<>(this);
            try {
                byte[] content = Objects.requireNonNull(built.file.changed(), "the first look finds news");
                T first = built.read(content);
                built.good(first);
            } catch (IOException | RuntimeException e) {
                built.close();
                throw e;
            }
            built.schedule(interval);
            return built;
        }
    }
}
