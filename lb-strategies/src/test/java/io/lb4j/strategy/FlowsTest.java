package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.Lease;
import io.lb4j.socket.ConnectionSettings;
import io.lb4j.socket.FlowKey;
import io.lb4j.socket.LoadBalancedSocketFactory;
import io.lb4j.socket.UdpFlows;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A hash of source and destination by Maglev, and the memory of where connections and flows went. */
@Timeout(60)
final class FlowsTest {
    private static final int KEYS = 150;
    private static final InetSocketAddress DESTINATION = InetSocketAddress.createUnresolved("orders", 5432);

    /**
     * A small table, of which a change of members moves more than those who must. By names, since ports are others every
     * time, and of some of them it would move none.
     */
    private final Rig rig = new Rig(Strategies.maglev(131).hashKey("name"), 1);

    private final List<ServerSocket> servers = new ArrayList<>();
    private final List<ServiceInstance> instances = new ArrayList<>();

    @BeforeEach
    void open() throws IOException {
        for (int i = 0; i < 5; i++) {
            ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            servers.add(server);
            instances.add(ServiceInstance.builder("127.0.0.1", server.getLocalPort())
                    .id("i" + i)
                    .metadata(Map.of("name", "i" + i))
                    .build());
            Thread thread = new Thread(() -> accept(server), "server");
            thread.setDaemon(true);
            thread.start();
        }
        set(instances);
    }

    @AfterEach
    void close() throws Exception {
        rig.close();
        for (ServerSocket each : servers) {
            each.close();
        }
    }

    private static void accept(ServerSocket server) {
        try {
            while (true) {
                server.accept().close();
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    private void set(List<ServiceInstance> all) {
        rig.discovery.set("orders", all);
        rig.time.advance(Duration.ofSeconds(1));
    }

    private static InetSocketAddress source(int key) {
        return InetSocketAddress.createUnresolved("client" + key % 10, 10_000 + key);
    }

    private static PickRequest request(int key) {
        return PickRequest.ofHash(FlowKey.hash(source(key), DESTINATION));
    }

    private interface Where {
        String of(int key) throws IOException;
    }

    private static List<String> all(Where where) throws IOException {
        List<String> found = new ArrayList<>();
        for (int key = 0; key < KEYS; key++) {
            found.add(where.of(key));
        }
        return found;
    }

    private String byTable(int key) {
        try (Lease lease = rig.balancer.acquire(request(key))) {
            return lease.instance().id();
        }
    }

    /** Takes the second instance away, then brings it back with a sixth in place of the first. */
    private void comeAndGo(Where where) throws IOException {
        List<String> table = all(this::byTable);
        List<String> before = all(where);
        assertThat(before).as("new ones follow the table").isEqualTo(table).contains("i0", "i1", "i2", "i3", "i4");

        List<ServiceInstance> fewer = new ArrayList<>(instances);
        fewer.remove(1);
        set(fewer);
        List<String> tableOfFewer = all(this::byTable);
        List<String> without = all(where);
        int movedByTable = 0;
        for (int key = 0; key < KEYS; key++) {
            if (before.get(key).equals("i1")) {
                assertThat(without.get(key)).as("its instance is gone").isEqualTo(tableOfFewer.get(key));
            } else {
                assertThat(without.get(key)).as("key " + key).isEqualTo(before.get(key));
                movedByTable += tableOfFewer.get(key).equals(before.get(key)) ? 0 : 1;
            }
        }
        assertThat(movedByTable)
                .as("those that the table alone would have moved")
                .isPositive();

        set(instances);
        assertThat(all(where)).as("back").isEqualTo(without);
    }

    @Test
    void connections_remembered_stayWhileTheirInstanceDoes() throws Exception {
        LoadBalancedSocketFactory sockets = LoadBalancedSocketFactory.of(
                rig.balancer, ConnectionSettings.builder().rememberedKeys(KEYS).build());
        comeAndGo(key -> {
            try (Socket socket = sockets.connect(request(key), Duration.ofSeconds(10))) {
                ServiceInstance instance = LoadBalancedSocketFactory.instanceOf(socket);
                return instance == null ? "none" : instance.id();
            }
        });
    }

    @Test
    void flows_ofDatagrams_stayWhileTheirInstanceDoes() throws Exception {
        try (UdpFlows flows = UdpFlows.builder(rig.balancer)
                .scheduler(rig.time)
                .ticker(rig.time)
                .build()) {
            comeAndGo(key -> flows.flow(source(key), DESTINATION).instance().id());
        }
    }
}
