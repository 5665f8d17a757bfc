package io.lb4j.discovery;

import io.lb4j.discovery.internal.MalformedException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.jspecify.annotations.Nullable;

/**
 * One file that is looked at again and again. The path is resolved anew each time, so that swapped symbolic links and
 * renamed files are followed. Not thread-safe.
 *
 * <p>Times and sizes alone miss a rewrite within one tick of the file system's clock, and one by a tool that keeps
 * times (4 ms and {@code cp -p}, respectively), hence the digest. Notifications of the operating system are not used:
 * they don't arrive from network file systems, and not for a link in the middle of the path.
 */
final class WatchedFile {
    /** Read at each look, whatever its times say: cheaper than thinking about it. */
    static final int SMALL_BYTES = 1 << 20;

    /** A larger file whose attributes stay the same is read at every third look. */
    private static final int LOOKS_PER_READ = 3;

    private final Path path;
    private final int maxBytes;
    private @Nullable Attributes attributes;
    private byte[] digest = {};
    private int looksSinceRead;

    private record Attributes(
            long size, FileTime modified, @Nullable Object key) {}

    WatchedFile(Path path, int maxBytes) {
        this.path = path;
        this.maxBytes = maxBytes;
    }

    /**
     * The content if it isn't what it was at the last look that succeeded, else null.
     *
     * @throws IOException with a message that names the file and says what is wrong with it
     */
    byte @Nullable [] changed() throws IOException {
        try {
            return changedOrThrow();
        } catch (NoSuchFileException e) {
            throw new IOException(path + ": no such file", e);
        } catch (AccessDeniedException e) {
            throw new IOException(path + ": no permission to read it", e);
        } catch (MalformedException e) {
            throw e;
        } catch (IOException e) {
            throw new IOException(path + ": " + e, e);
        }
    }

    private byte @Nullable [] changedOrThrow() throws IOException {
        BasicFileAttributes found = Files.readAttributes(path, BasicFileAttributes.class);
        // Opening a pipe would wait for somebody to write to it.
        if (!found.isRegularFile()) {
            throw new MalformedException(path + ": not a regular file");
        }
        if (found.size() > maxBytes) {
            throw tooLarge();
        }
        Attributes now = new Attributes(found.size(), found.lastModifiedTime(), found.fileKey());
        looksSinceRead++;
        if (now.equals(attributes) && now.size > SMALL_BYTES && looksSinceRead < LOOKS_PER_READ) {
            return null;
        }
        byte[] content;
        try (InputStream in = Files.newInputStream(path)) {
            content = in.readNBytes(maxBytes + 1);
        }
        if (content.length > maxBytes) {
            throw tooLarge();
        }
        attributes = now;
        looksSinceRead = 0;
        byte[] before = digest;
        digest = sha256(content);
        return MessageDigest.isEqual(before, digest) ? null : content;
    }

    private MalformedException tooLarge() {
        return new MalformedException(path + ": larger than " + maxBytes + " bytes");
    }

    private static byte[] sha256(byte[] content) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(content);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
