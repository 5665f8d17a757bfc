package io.lb4j.discovery.conformance;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;

/** Rows that share one real server. */
@TestInstance(Lifecycle.PER_CLASS)
@Timeout(value = 3, unit = TimeUnit.MINUTES)
abstract class Conformance {
    RealSource source;

    /** The server, not started yet. */
    abstract RealSource newSource() throws Exception;

    @BeforeAll
    final void startSource() throws Exception {
        Awaitility.setDefaultTimeout(Duration.ofSeconds(60));
        Awaitility.setDefaultPollInterval(Duration.ofMillis(10));
        source = newSource();
        source.start();
    }

    @AfterAll
    final void stopSource() throws Exception {
        Awaitility.reset();
        if (source != null) {
            source.close();
        }
    }
}
