package io.lb4j.jmh;

import io.lb4j.ServiceInstance;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.socket.ConnectionSettings;
import io.lb4j.socket.LoadBalancedSocketFactory;
import io.lb4j.socket.Proof;
import io.lb4j.strategy.Strategies;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.SocketFactory;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a balanced socket costs beside a plain one: to connect it over loopback and close it, and to read from it, much at a
 * time and one byte at a time.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Benchmark)
public class ConnectBenchmark {
    private static final int MUCH = 1 << 16;

    /** Whose sockets: the JDK's, or balanced ones by what proves their instances. */
    @Param({"direct", "connect", "answer"})
    public String sockets;

    private Server server;
    private InetSocketAddress address;
    private StaticDiscovery discovery;
    private LoadBalancer balancer;
    private SocketFactory factory;
    private Socket reading;
    private InputStream input;
    private final byte[] bytes = new byte[MUCH];

    /** JMH makes it and sets the parameter. */
    @SuppressWarnings("NullAway.Init")
    public ConnectBenchmark() {}

    /** Starts the server, and connects what is read from. */
    @Setup
    public void open() throws IOException {
        server = new Server();
        int port = server.listening.getLocalPort();
        address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        discovery = StaticDiscovery.builder()
                .service("orders", List.of(ServiceInstance.of("127.0.0.1", port)))
                .build();
        balancer = LoadBalancer.builder("orders")
                .discovery(discovery)
                .strategy(Strategies.leastRequest())
                .build();
        factory = switch (sockets) {
            case "direct" -> SocketFactory.getDefault();
            case "connect" -> LoadBalancedSocketFactory.of(balancer);
            case "answer" ->
                LoadBalancedSocketFactory.of(
                        balancer,
                        ConnectionSettings.builder().proof(Proof.ANSWER).build());
            default -> throw new IllegalArgumentException("sockets: " + sockets);
        };
        reading = connected();
        reading.getOutputStream().write(1);
        input = reading.getInputStream();
    }

    private Socket connected() throws IOException {
        Socket socket = factory.createSocket();
        // Without a last word, or the ports of this host would be used up by closed connections.
        socket.setSoLinger(true, 0);
        socket.connect(address, 10_000);
        return socket;
    }

    /** Connects and closes. */
    @Benchmark
    public void connect() throws IOException {
        connected().close();
    }

    /** Reads what there is, up to 64 KiB. Compare per byte. */
    @Benchmark
    public int readMuch() throws IOException {
        return input.readNBytes(bytes, 0, MUCH);
    }

    /** Reads one byte. */
    @Benchmark
    public int readOne() throws IOException {
        return input.read();
    }

    /** Ends the server. */
    @TearDown
    public void close() throws IOException {
        reading.close();
        balancer.close();
        discovery.close();
        server.listening.close();
    }

    /** Writes for ever to whoever says something, and is told nothing by most. */
    private static final class Server {
        final ServerSocket listening = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress());

        Server() throws IOException {
            start(() -> {
                while (true) {
                    Socket socket = listening.accept();
                    try {
                        if (socket.getInputStream().read() >= 0) {
                            start(() -> write(socket));
                            continue;
                        }
                    } catch (IOException e) {
                        // Reset, as those are that are only connected.
                    }
                    socket.close();
                }
            });
        }

        private static void write(Socket socket) throws IOException {
            try (socket) {
                byte[] much = new byte[MUCH];
                while (true) {
                    socket.getOutputStream().write(much);
                }
            }
        }

        private interface Task {
            void run() throws IOException;
        }

        private static void start(Task task) {
            Thread thread = new Thread(
                    () -> {
                        try {
                            task.run();
                        } catch (IOException e) {
                            // Closed, by one side or the other.
                        }
                    },
                    "server");
            thread.setDaemon(true);
            thread.start();
        }
    }
}
