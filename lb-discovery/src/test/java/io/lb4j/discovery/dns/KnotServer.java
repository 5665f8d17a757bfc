package io.lb4j.discovery.dns;

import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.RealServers;
import io.lb4j.discovery.conformance.RealSource;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.xbill.DNS.Message;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;
import org.xbill.DNS.Update;

/**
 * Knot DNS with the zone {@code test}, changed while it runs as by any client of RFC 2136. Back after an end, its zone is as in
 * the beginning.
 *
 * <p>The target of all instances is in a zone of its own. Knot 3.2.6 stops answering anybody for good, and spins, when it is asked
 * for 27 to some 40 SRV records of one target whose address it would add to the answer.
 */
public final class KnotServer implements RealSource, AutoCloseable {
    private static final String ZONE = """
            $ORIGIN test.
            @ 3600 SOA ns hostmaster 1 3600 600 86400 1
            @ 3600 NS ns
            ns 3600 A 127.0.0.1
            """;

    private static final String TARGET = "one.hosts.";

    private static final String HOSTS = """
            $ORIGIN hosts.
            @ 3600 SOA ns hostmaster 1 3600 600 86400 1
            @ 3600 NS ns
            ns 3600 A 127.0.0.1
            one 0 A 127.0.0.1
            """;

    private final Path directory;
    private final int ttlSeconds;
    private final int port;
    private Process process;

    /** By service and id, the SRV record that stands for it. */
    private final Map<String, Record> put = new HashMap<>();

    /** Leaves the test out if the program isn't installed. */
    static Path program() {
        return RealServers.program("knotd", "apt-get install --no-install-recommends knot");
    }

    public KnotServer(Path directory) throws IOException {
        this(directory, 0);
    }

    /**
     * One whose records live for so long.
     *
     * @param ttlSeconds of what is put
     */
    public KnotServer(Path directory, int ttlSeconds) throws IOException {
        this.directory = directory;
        this.ttlSeconds = ttlSeconds;
        this.port = freePort();
        Files.writeString(directory.resolve("test.zone"), ZONE);
        Files.writeString(directory.resolve("hosts.zone"), HOSTS);
        Files.writeString(
                directory.resolve("knot.conf"), """
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
                  - domain: hosts
                    file: %s/hosts.zone
                """.formatted(port, directory, directory, directory, directory));
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

    @Override
    public String address() {
        return "127.0.0.1:" + port;
    }

    @Override
    public void start() {
        Path output = directory.resolve("out");
        put.clear();
        try {
            process = new ProcessBuilder(
                            program().toString(),
                            "-c",
                            directory.resolve("knot.conf").toString())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        await().pollInterval(Duration.ofMillis(10)).until(() -> {
            if (!process.isAlive()) {
                throw new IllegalStateException("knotd ended: " + Files.readString(output));
            }
            return answers();
        });
    }

    private boolean answers() {
        try {
            return send(Message.newQuery(Record.newRecord(FakeDns.name("test."), Type.SOA, 1)))
                            .getRcode()
                    == Rcode.NOERROR;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void kill() {
        process.destroyForcibly();
        try {
            process.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** dnsjava's own client would leave a thread behind, and what is tested here must leave none. */
    private Message send(Message message) throws IOException {
        byte[] wire = message.toWire();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(10_000);
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.writeShort(wire.length);
            out.write(wire);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            return new Message(in.readNBytes(in.readUnsignedShort()));
        }
    }

    /** Removes and then adds records, in one message. */
    void update(List<Record> removed, List<Record> added) {
        Update update = new Update(FakeDns.name("test."));
        update.delete(removed.toArray(Record[]::new));
        update.add(added.toArray(Record[]::new));
        try {
            Message answer = send(update);
            if (answer.getHeader().getOpcode() != Opcode.UPDATE || answer.getRcode() != Rcode.NOERROR) {
                throw new IllegalStateException("update answered " + Rcode.string(answer.getRcode()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public boolean keepsMemory() {
        return false;
    }

    /** An id is the address, a priority a rank among others; the rest is nothing that a record can say. */
    @Override
    public Set<Trait> traits() {
        return EnumSet.of(Trait.WEIGHT, Trait.UNKNOWN_SERVICE);
    }

    private static String name(String service) {
        return "_" + service + "._tcp.test.";
    }

    private Record record(String service, ServiceInstance instance) {
        if (!instance.host().equals("127.0.0.1")) {
            throw new IllegalArgumentException(instance.host());
        }
        return FakeDns.records("%s %d IN SRV %d %d %d %s"
                        .formatted(
                                name(service),
                                ttlSeconds,
                                instance.priority(),
                                (int) instance.weight(),
                                instance.port(),
                                TARGET))
                .get(0);
    }

    /** A hundred in one update. */
    @Override
    public void putAll(String service, List<ServiceInstance> instances) {
        for (int i = 0; i < instances.size(); i += 100) {
            List<Record> added = new ArrayList<>();
            for (ServiceInstance each : instances.subList(i, Math.min(i + 100, instances.size()))) {
                Record record = record(service, each);
                put.put(service + "/" + each.id(), record);
                added.add(record);
            }
            update(List.of(), added);
        }
    }

    @Override
    public void put(String service, ServiceInstance instance) {
        Record now = record(service, instance);
        Record before = put.put(service + "/" + instance.id(), now);
        update(before == null || before.equals(now) ? List.of() : List.of(before), List.of(now));
    }

    @Override
    public void remove(String service, String id) {
        update(List.of(put.remove(service + "/" + id)), List.of());
    }

    @Override
    public ServiceDiscovery discovery(String address) {
        return discovery(List.of(address));
    }

    /** One that asks several servers, the first one first. */
    public ServiceDiscovery discovery(List<String> addresses) {
        return DnsDiscovery.builder(addresses.toArray(String[]::new))
                .naming(KnotServer::name)
                .minTtl(Duration.ofMillis(100))
                .timeout(Duration.ofSeconds(1))
                .build();
    }

    @Override
    public void close() {
        if (process != null) {
            kill();
        }
    }
}
