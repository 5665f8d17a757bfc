package io.lb4j.discovery.decorator;

import io.lb4j.Scheduler;
import io.lb4j.discovery.internal.DaemonThreads;
import io.lb4j.discovery.internal.Troubles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Lists in a directory, a file for each service, which several processes may share: each file is written beside its place and
 * moved there, so that a reader, or a process that is killed, finds the old one or the new one. Reads and writes on a
 * thread of its own; of several lists of one service that wait to be written, the newest is. Thread-safe.
 */
final class SavedLists implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(LastKnownGoodDiscovery.class.getName());

    /** A service that changes all the time is written this often. */
    static final Duration BREATH = Duration.ofSeconds(1);

    private static final Duration ABANDONED = Duration.ofHours(1);
    private static final String PREFIX = ".lb4j-";
    private static final int MAX_NAME = 120;

    private final Path directory;
    private final Executor executor;
    private final Scheduler scheduler;
    private final InstantSource clock;
    private final Troubles troubles = new Troubles();

    /** All guarded by this. */
    private final Map<String, SavedList> pending = new HashMap<>();

    private final Map<String, Scheduler.Task> resting = new HashMap<>();
    private boolean closed;

    SavedLists(Path directory, Executor executor, Scheduler scheduler, InstantSource clock) {
        this.directory = directory;
        this.executor = executor;
        this.scheduler = scheduler;
        this.clock = clock;
        executor.execute(this::sweep);
    }

    /** One daemon thread, which ends when there is nothing to do. */
    static ThreadPoolExecutor thread() {
        ThreadPoolExecutor thread = new ThreadPoolExecutor(
                1,
                1,
                2,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                task -> DaemonThreads.create(task, "lb4j-last-known-good"));
        thread.allowCoreThreadTimeOut(true);
        return thread;
    }

    /** Reads a service's list; tells null if there is none that can be used. */
    void read(String service, Consumer<@Nullable SavedList> answer) {
        executor.execute(() -> answer.accept(read(service)));
    }

    private @Nullable SavedList read(String service) {
        Path file = file(service);
        try {
            if (!Files.isRegularFile(file)) {
                throw Files.exists(file)
                        ? new IOException("not a regular file")
                        : new NoSuchFileException(file.toString());
            }
            if (Files.size(file) > SavedList.MAX_BYTES) {
                throw new IOException(Files.size(file) + " bytes (expected: at most " + SavedList.MAX_BYTES + ")");
            }
            SavedList saved = SavedList.parse(Files.readAllBytes(file));
            if (!saved.service().equals(service)) {
                throw new IOException("a list of '" + saved.service() + "'");
            }
            return saved;
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException | RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, service + ": " + file + " is ignored: " + e.getMessage());
            return null;
        }
    }

    /** Writes a list as soon as possible, in place of one of the same service that waits. */
    void write(SavedList list) {
        synchronized (this) {
            if (closed || (pending.put(list.service(), list) != null) || resting.containsKey(list.service())) {
                return;
            }
        }
        executor.execute(() -> writePending(list.service()));
    }

    private void writePending(String service) {
        SavedList list;
        synchronized (this) {
            list = pending.remove(service);
            if (list == null) {
                return;
            }
            if (!closed) {
                // Begins before the writing, so that who comes meanwhile waits.
                resting.put(service, scheduler.schedule(() -> rested(service), BREATH));
            }
        }
        try {
            write(file(service), list.toBytes());
            if (troubles.clear()) {
                LOG.log(System.Logger.Level.INFO, directory + " can be written again");
            }
        } catch (IOException | RuntimeException e) {
            if (troubles.add(String.valueOf(e))) {
                LOG.log(System.Logger.Level.WARNING, service + ": not saved in " + directory + ": " + e);
            }
        }
    }

    private void rested(String service) {
        synchronized (this) {
            resting.remove(service);
            if (closed || !pending.containsKey(service)) {
                return;
            }
        }
        executor.execute(() -> writePending(service));
    }

    private void write(Path file, byte[] bytes) throws IOException {
        if (bytes.length > SavedList.MAX_BYTES) {
            throw new IOException(bytes.length + " bytes (expected: at most " + SavedList.MAX_BYTES + ")");
        }
        Files.createDirectories(directory);
        // Readable by the owner alone, where the file system knows owners.
        Path beside = Files.createTempFile(directory, PREFIX, ".tmp");
        try {
            try (FileChannel channel = FileChannel.open(beside, StandardOpenOption.WRITE)) {
                ByteBuffer buffer = ByteBuffer.wrap(bytes);
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
                // Else a crash of the machine may leave the new name on an empty file.
                channel.force(true);
            }
            Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(beside);
            throw e;
        }
    }

    /** Removes what killed processes have left. */
    private void sweep() {
        FileTime limit = FileTime.from(clock.instant().minus(ABANDONED));
        try (DirectoryStream<Path> left = Files.newDirectoryStream(directory, PREFIX + "*.tmp")) {
            for (Path file : left) {
                if (Files.getLastModifiedTime(file).compareTo(limit) < 0) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException | RuntimeException e) {
            LOG.log(System.Logger.Level.DEBUG, directory + ": not swept: " + e);
        }
    }

    Path file(String service) {
        return directory.resolve(name(service) + ".lkg");
    }

    /** A file name that stands for one service, also where names are short or their case isn't kept. */
    static String name(String service) {
        StringBuilder name = new StringBuilder();
        for (byte each : service.getBytes(StandardCharsets.UTF_8)) {
            boolean plain = (each >= 'a' && each <= 'z') || (each >= '0' && each <= '9') || each == '-' || each == '_';
            if (plain || (each == '.' && name.length() > 0)) {
                name.append((char) each);
            } else {
                name.append(String.format(Locale.ROOT, "%%%02x", each));
            }
        }
        // The service is in the file too; two that share a beginning this long and a hash only share a memory badly.
        return name.length() <= MAX_NAME
                ? name.toString()
                : name.substring(0, MAX_NAME) + "-" + Integer.toHexString(service.hashCode());
    }

    /** Writes what waits, and nothing after. Doesn't wait. */
    @Override
    public void close() {
        Set<String> left;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            left = Set.copyOf(pending.keySet());
            resting.values().forEach(Scheduler.Task::cancel);
            resting.clear();
        }
        left.forEach(service -> executor.execute(() -> writePending(service)));
    }
}
