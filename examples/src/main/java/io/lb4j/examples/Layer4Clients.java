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
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
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

    static Layer4Clients of(String kind, LoadBalancer balancer) {
        return switch (kind) {
            case "postgresql" -> new PostgreSql(balancer);
            case "redis" -> new Redis(balancer);
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

    /** By the driver's own property. */
    private static final class PostgreSql extends Layer4Clients {
        private static final String URL = "jdbc:postgresql://orders/postgres?user=postgres&sslmode=disable"
                + "&socketFactory=io.lb4j.socket.DriverSocketFactory&socketFactoryArg=orders";

        private final DriverSocketFactory.Registration registration;

        PostgreSql(LoadBalancer balancer) {
            registration = DriverSocketFactory.register("orders", sockets(balancer));
        }

        @Override
        Session open() throws SQLException {
            Connection connection = DriverManager.getConnection(URL);
            return new Session() {
                @Override
                public String ask() throws SQLException {
                    try (Statement statement = connection.createStatement();
                            ResultSet row = statement.executeQuery("SELECT inet_server_port()")) {
                        row.next();
                        return row.getString(1);
                    }
                }

                @Override
                public void close() throws SQLException {
                    connection.close();
                }
            };
        }

        /** The driver cancels by a second connection, which must be to the server that has the statement. */
        @Override
        void check() throws SQLException {
            for (int i = 0; i < 3; i++) {
                long start = System.nanoTime();
                try (Connection connection = DriverManager.getConnection(URL);
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
            }
            System.out.println("cancelled 3");
        }

        @Override
        public void close() {
            registration.close();
        }
    }

    /** Jedis takes its sockets from wherever it is told. */
    private static final class Redis extends Layer4Clients {
        private final LoadBalancedSocketFactory sockets;

        Redis(LoadBalancer balancer) {
            sockets = sockets(balancer);
        }

        @Override
        Session open() {
            Jedis jedis = new Jedis(() -> {
                try {
                    return sockets.createSocket("orders", 6379);
                } catch (IOException e) {
                    throw new JedisConnectionException(e);
                }
            });
            return new Session() {
                @Override
                public String ask() {
                    return Objects.requireNonNull(jedis.configGet("port").get("port"));
                }

                @Override
                public void close() {
                    jedis.close();
                }
            };
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
