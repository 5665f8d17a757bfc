package io.lb4j.examples;

import io.lb4j.PickRequest;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.socket.ConnectionSettings;
import io.lb4j.socket.DatagramExchange;
import io.lb4j.socket.DriverSocketFactory;
import io.lb4j.socket.LoadBalancedSocketFactory;
import io.lb4j.socket.Proof;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisConnectionException;

/** Clients that know nothing of balancing, over sockets that do. */
abstract class Layer4Clients implements AutoCloseable {
    /** A connection to one of the servers. */
    interface Session {
        /** Returns which server answered. */
        String ask() throws Exception;

        default void close() throws Exception {}
    }

    abstract Session open() throws Exception;

    /** Anything else that must work. */
    void check() throws Exception {}

    @Override
    public void close() {}

    /** Clients of a kind; with TLS if there are certificates of authorities to trust. */
    static Layer4Clients of(String kind, LoadBalancer balancer, @Nullable Path authorities) throws Exception {
        return switch (kind) {
            case "postgresql" -> new PostgreSql(balancer, authorities);
            case "redis" -> new Redis(balancer, authorities);
            case "dns" -> new Dns(balancer);
            default -> throw new IllegalArgumentException("kind: '" + kind + "' (expected: postgresql, redis or dns)");
        };
    }

    /** In these protocols every connection is answered at once: one that isn't says something of its server. */
    private static LoadBalancedSocketFactory sockets(LoadBalancer balancer) {
        ConnectionSettings settings =
                ConnectionSettings.builder().proof(Proof.ANSWER).build();
        return LoadBalancedSocketFactory.of(balancer, settings);
    }

    /** By the driver's own properties; TLS is the driver's, too, over a balanced socket. */
    private static final class PostgreSql extends Layer4Clients {
        private final List<String> urls = new ArrayList<>();
        private final AtomicInteger opened = new AtomicInteger();
        private final DriverSocketFactory.Registration registration;

        PostgreSql(LoadBalancer balancer, @Nullable Path authorities) {
            registration = DriverSocketFactory.register("orders", sockets(balancer));
            urls.add(url("orders", "disable"));
            if (authorities != null) {
                urls.add(url("orders", "verify-full&sslrootcert=" + authorities));
            }
        }

        private static String url(String host, String sslMode) {
            return "jdbc:postgresql://" + host + "/postgres?user=postgres&sslmode=" + sslMode
                    + "&socketFactory=io.lb4j.socket.DriverSocketFactory&socketFactoryArg=orders";
        }

        @Override
        Session open() throws SQLException {
            Connection connection = DriverManager.getConnection(urls.get(opened.getAndIncrement() % urls.size()));
            return new Session() {
                @Override
                public String ask() throws SQLException {
                    return answer(connection, "SELECT inet_server_port()");
                }

                @Override
                public void close() throws SQLException {
                    connection.close();
                }
            };
        }

        private static String answer(Connection connection, String question) throws SQLException {
            try (Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery(question)) {
                row.next();
                return row.getString(1);
            }
        }

        @Override
        void check() throws SQLException {
            for (String url : urls) {
                for (int i = 0; i < 3; i++) {
                    checkCancelled(url);
                }
            }
            if (urls.size() > 1) {
                checkTls(urls.get(1));
            }
        }

        /** The driver cancels by a second connection, which must be to the server that has the statement. */
        private static void checkCancelled(String url) throws SQLException {
            long start = System.nanoTime();
            try (Connection connection = DriverManager.getConnection(url);
                    Statement statement = connection.createStatement()) {
                statement.setQueryTimeout(1);
                statement.execute("SELECT pg_sleep(20)");
                throw new AssertionError("not cancelled");
            } catch (SQLException cancelled) {
                long millis = (System.nanoTime() - start) / 1_000_000;
                if (millis > 10_000 || !"57014".equals(cancelled.getSQLState())) {
                    throw new AssertionError("not cancelled, but after " + millis + " ms", cancelled);
                }
            }
            System.out.println("cancelled");
        }

        /** The server says what it spoke; a certificate for {@code orders} is none for another host. */
        private static void checkTls(String url) throws SQLException {
            try (Connection connection = DriverManager.getConnection(url)) {
                System.out.println("protocol "
                        + answer(connection, "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"));
            }
            try (Connection connection = DriverManager.getConnection(url.replace("//orders/", "//elsewhere/"))) {
                throw new AssertionError("not refused: " + connection);
            } catch (SQLException refused) {
                if (!String.valueOf(refused.getMessage()).contains("elsewhere")) {
                    throw new AssertionError("refused for something else", refused);
                }
                System.out.println("refused " + refused.getMessage());
            }
        }

        @Override
        public void close() {
            registration.close();
        }
    }

    /** Jedis takes its sockets from wherever it is told. */
    private static final class Redis extends Layer4Clients {
        private final LoadBalancedSocketFactory sockets;

        /** Null without TLS. */
        private final @Nullable SSLSocketFactory tls;

        Redis(LoadBalancer balancer, @Nullable Path authorities) throws Exception {
            sockets = sockets(balancer);
            tls = authorities == null ? null : trusting(authorities);
        }

        private static SSLSocketFactory trusting(Path authorities) throws Exception {
            KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
            trusted.load(null, null);
            try (InputStream file = Files.newInputStream(authorities)) {
                for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(file)) {
                    trusted.setCertificateEntry("authority" + trusted.size(), each);
                }
            }
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(trusted);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context.getSocketFactory();
        }

        private Socket connect(String host) throws IOException {
            Socket below = sockets.createSocket(host, 6379);
            if (tls == null) {
                return below;
            }
            SSLSocket secure = (SSLSocket) tls.createSocket(below, host, 6379, true);
            SSLParameters verified = secure.getSSLParameters();
            verified.setEndpointIdentificationAlgorithm("HTTPS");
            secure.setSSLParameters(verified);
            return secure;
        }

        @Override
        Session open() {
            Jedis jedis = new Jedis(() -> {
                try {
                    return connect("orders");
                } catch (IOException e) {
                    throw new JedisConnectionException(e);
                }
            });
            String port = tls == null ? "port" : "tls-port";
            return new Session() {
                @Override
                public String ask() {
                    return Objects.requireNonNull(jedis.configGet(port).get(port));
                }

                @Override
                public void close() {
                    jedis.close();
                }
            };
        }

        @Override
        void check() throws IOException {
            if (tls == null) {
                return;
            }
            try (SSLSocket secure = (SSLSocket) connect("elsewhere")) {
                secure.startHandshake();
                throw new AssertionError("not refused: " + secure);
            } catch (SSLHandshakeException refused) {
                System.out.println("refused " + refused.getMessage());
            }
        }
    }

    /** A query in one datagram, its answer in another. */
    private static final class Dns extends Layer4Clients {
        private final DatagramExchange exchange;

        Dns(LoadBalancer balancer) {
            exchange = DatagramExchange.of(
                    balancer,
                    Duration.ofMillis(500),
                    3,
                    (query, answer) -> query[0] == answer[0] && query[1] == answer[1]);
        }

        /** Each server has another address for the name; the last byte of the answer tells which. */
        @Override
        Session open() {
            return () -> {
                ByteBuffer answer = exchange.exchange(PickRequest.plain(), query("who.orders"))
                        .bytes();
                return String.valueOf(answer.get(answer.limit() - 1));
            };
        }

        private static byte[] query(String name) throws IOException {
            ByteArrayOutputStream query = new ByteArrayOutputStream();
            int id = ThreadLocalRandom.current().nextInt(1 << 16);
            // Recursion desired, one question, nothing else; type A, class IN.
            query.write(new byte[] {(byte) (id >> 8), (byte) id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0});
            for (String label : name.split("\\.", -1)) {
                query.write(label.length());
                query.write(label.getBytes(StandardCharsets.US_ASCII));
            }
            query.write(new byte[] {0, 0, 1, 0, 1});
            return query.toByteArray();
        }
    }
}
