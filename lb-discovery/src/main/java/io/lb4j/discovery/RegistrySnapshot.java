package io.lb4j.discovery;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.internal.InstanceReader;
import io.lb4j.discovery.internal.InstanceWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The registry's memory on disk: who held which lease. Written whole and renamed, so that it is never half a file. */
final class RegistrySnapshot {
    private static final System.Logger LOG = System.getLogger(RegistryServer.class.getName());
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MAX_BYTES = 64 << 20;
    private static final Set<OpenOption> NEW_FILE = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);

    private final Path file;
    private long written = -1;

    RegistrySnapshot(Path file) {
        this.file = file.toAbsolutePath();
    }

    /**
     * Puts what the file holds into the table, each lease with its whole time ahead of it. A file that can't be
     * understood is warned of and moved aside.
     *
     * @return whether there was a file to trust
     */
    boolean restore(RegistryTable table) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] content = in.readNBytes(MAX_BYTES + 1);
            if (content.length > MAX_BYTES) {
                throw new IOException("larger than " + MAX_BYTES + " bytes");
            }
            restore(table, content);
            return true;
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "registry: snapshot " + file + " is ignored: " + e.getMessage());
            setAside();
            return false;
        }
    }

    /**
     * Puts what a file held into the table; what is wrong with single instances is warned of.
     *
     * @throws IOException if it is no snapshot; the table is then as it was
     */
    void restore(RegistryTable table, byte[] content) throws IOException {
        JsonNode root = JSON.readTree(content);
        if (root == null
                || root.path("version").asInt() != 1
                || !root.path("services").isObject()) {
            throw new IOException("not a snapshot of a registry, version 1");
        }
        for (Map.Entry<String, JsonNode> service : root.path("services").properties()) {
            for (JsonNode entry : service.getValue()) {
                restore(table, service.getKey(), entry);
            }
        }
    }

    private void restore(RegistryTable table, String service, JsonNode entry) {
        try {
            byte[] instance = JSON.writeValueAsBytes(entry.path("instance"));
            ServiceInstance read = InstanceReader.lenient(JSON.createParser(instance), "instance");
            table.register(
                    RegistryRules.service(service),
                    new RegistryTable.Entry(
                            read,
                            RegistryRules.lease(entry.path("lease").asText()),
                            RegistryRules.ttl(
                                    Duration.ofMillis(entry.path("ttlMillis").asLong()))),
                    instance.length);
        } catch (IOException | IllegalArgumentException | Refusal e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "registry: snapshot " + file + ", an instance of " + service + " is left out: " + e.getMessage());
        }
    }

    private void setAside() {
        try {
            Files.move(file, file.resolveSibling(file.getFileName() + ".bad"), StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "registry: snapshot " + file + " can't be moved aside: " + e);
        }
    }

    /** Whether the table has changed since the last {@link #write}. */
    synchronized boolean isStale(RegistryTable table) {
        return table.version() != written;
    }

    /** Writes the table. */
    synchronized void write(RegistryTable table) throws IOException {
        long version = table.version();
        byte[] content = InstanceWriter.toBytes(json -> {
            json.writeStartObject();
            json.writeNumberField("version", 1);
            json.writeObjectFieldStart("services");
            for (Map.Entry<String, List<RegistryTable.Entry>> service :
                    table.entries().entrySet()) {
                json.writeArrayFieldStart(service.getKey());
                for (RegistryTable.Entry entry : service.getValue()) {
                    json.writeStartObject();
                    json.writeStringField("lease", entry.lease());
                    json.writeNumberField("ttlMillis", entry.ttl().toMillis());
                    json.writeFieldName("instance");
                    InstanceWriter.write(entry.instance(), json);
                    json.writeEndObject();
                }
                json.writeEndArray();
            }
            json.writeEndObject();
            json.writeEndObject();
        });
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        try {
            Files.deleteIfExists(temporary);
            try (FileChannel out = FileChannel.open(temporary, NEW_FILE, ownerOnly())) {
                ByteBuffer buffer = ByteBuffer.wrap(content);
                while (buffer.hasRemaining()) {
                    out.write(buffer);
                }
                out.force(true);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
        written = version;
    }

    /** The leases are what their holders are known by. */
    private FileAttribute<?>[] ownerOnly() {
        return file.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
    }
}
