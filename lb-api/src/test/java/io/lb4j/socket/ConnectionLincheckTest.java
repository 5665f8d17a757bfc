package io.lb4j.socket;

import io.lb4j.PickRequest;
import java.util.concurrent.TimeUnit;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The end of a connection, which any thread may bring about while another learns that it is well. */
@Tag("lincheck")
@Timeout(value = 4, unit = TimeUnit.MINUTES) // seconds of work, but on a busy machine they stretch
final class ConnectionLincheckTest {
    @Test
    void connection_inEveryOrder_endsItsLeaseOnce() {
        new ModelCheckingOptions()
                .iterations(5)
                .invocationsPerIteration(200)
                .threads(2)
                .actorsPerThread(2)
                .actorsBefore(0)
                .actorsAfter(1)
                .minimizeFailedScenario(false)
                .check(OneConnection.class);
    }

    /** Answers, resets and closes of one connection. */
    public static final class OneConnection {
        private final Service service = new Service(Service.IN_ORDER);
        private final Connection connection;

        public OneConnection() {
            service.set(io.lb4j.ServiceInstance.builder("127.0.0.1", 1).id("a").build());
            connection = Connection.made(
                    service.balancer.acquire(PickRequest.plain()),
                    Proof.ANSWER,
                    new Connector(service.balancer, ConnectionSettings.DEFAULT));
        }

        @Operation
        public void answered() {
            connection.answered();
        }

        @Operation
        public boolean close() {
            connection.end();
            return connection.isOpen();
        }

        @Operation
        public boolean broke() {
            connection.broke();
            return connection.isOpen();
        }

        /** As many in flight as there are connections: none or one, and none for ever. */
        @Validate
        public void counts() {
            int expected = connection.isOpen() ? 1 : 0;
            if (service.inFlight("a") != expected) {
                throw new IllegalStateException("in flight " + service.inFlight("a") + " (expected: " + expected + ")");
            }
            if (service.failures("a") > 1) {
                throw new IllegalStateException("failures " + service.failures("a") + " (expected: at most one)");
            }
        }
    }
}
