package io.lb4j.discovery.dns;

import static org.awaitility.Awaitility.await;

import io.lb4j.discovery.RealServers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;
import org.xbill.DNS.Update;

/** Knot DNS with the zone {@code test}, changed while it runs as by any client of RFC 2136. Back after an end, its zone is as in the beginning. */
final class KnotServer implements AutoCloseable {
    private static final String ZONE = """
            $ORIGIN test.
            @ 3600 SOA ns hostmaster 1 3600 600 86400 1
            @ 3600 NS ns
            ns 3600 A 127.0.0.1
            """;

    private final Path directory;
    private final int port;
    private Process process;

    /** Leaves the test out if the program isn't installed. */
    static Path program() {
        return RealServers.program("knotd", "apt-get install --no-install-recommends knot");
    }

    KnotServer(Path directory) throws IOException {
        this.directory = directory;
        this.port = freePort();
        Files.writeString(directory.resolve("test.zone"), ZONE);
        Files.writeString(directory.resolve("knot.conf"), """
                server:
                    listen: 127.0.0.1@%d
                    rundir: %s
                    udp-workers: 1
                    tcp-workers: 1
                    background-workers: 1
                database:
                    storage: %s/db
                acl:
                  - id: local
                    address: 127.0.0.1
                    action: update
                zone:
                  - domain: test
                    file: %s/test.zone
                    acl: local
                    journal-content: none
                    zonefile-sync: -1
                    zonefile-load: whole
                """.formatted(port, directory, directory, directory));
        Files.createDirectory(directory.resolve("db"));
    }

    private static int freePort() throws IOException {
        for (int attempt = 0; ; attempt++) {
            try (DatagramSocket udp = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                    ServerSocket tcp = new ServerSocket(udp.getLocalPort(), 1, InetAddress.getLoopbackAddress())) {
                return tcp.getLocalPort();
            } catch (IOException e) {
                if (attempt == 20) {
                    throw e;
                }
            }
        }
    }

    String address() {
        return "127.0.0.1:" + port;
    }

    void start() {
        try {
            process = new ProcessBuilder(
                            program().toString(),
                            "-c",
                            directory.resolve("knot.conf").toString())
                    .redirectErrorStream(true)
                    .redirectOutput(directory.resolve("out").toFile())
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        await().pollInterval(Duration.ofMillis(20)).until(() -> {
            if (!process.isAlive()) {
                throw new IllegalStateException("knotd ended: " + Files.readString(directory.resolve("out")));
            }
            return answers();
        });
    }

    private boolean answers() throws IOException {
        try {
            return client().send(Message.newQuery(Record.newRecord(name("test."), Type.SOA, 1)))
                            .getRcode()
                    == Rcode.NOERROR;
        } catch (IOException e) {
            return false;
        }
    }

    void kill() {
        process.destroyForcibly();
        try {
            process.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private SimpleResolver client() {
        SimpleResolver client = new SimpleResolver(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        client.setTimeout(Duration.ofMillis(500));
        return client;
    }

    static Name name(String text) {
        try {
            return Name.fromString(text);
        } catch (IOException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    /** Removes and then adds records, in one message. */
    void update(List<Record> removed, List<Record> added) {
        Update update = new Update(name("test."));
        update.delete(removed.toArray(Record[]::new));
        update.add(added.toArray(Record[]::new));
        SimpleResolver client = client();
        client.setTCP(true);
        client.setTimeout(Duration.ofSeconds(10));
        try {
            Message answer = client.send(update);
            if (answer.getHeader().getOpcode() != Opcode.UPDATE || answer.getRcode() != Rcode.NOERROR) {
                throw new IllegalStateException("update answered " + Rcode.string(answer.getRcode()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        if (process != null) {
            kill();
        }
    }
}
