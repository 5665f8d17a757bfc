package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceInstance;
import io.lb4j.okhttp.rules.TrafficRulesFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Map;
import okhttp3.Request;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A client that follows a file of rules. */
class RulesFileTest extends Fixture {
    private static final Request REQUEST =
            new Request.Builder().url("http://orders/").build();
    private static final String TO_CANARY =
            "{\"routes\": [{\"name\": \"c\", \"subset\": {\"version\": \"canary\"}, \"strategy\": \"roundRobin\"}]}";

    @TempDir
    Path temp;

    private TrafficRulesFile open(String json) throws IOException {
        write(json);
        return closing(TrafficRulesFile.open(temp.resolve("rules.json"), Duration.ofMillis(10)));
    }

    private void write(String json) throws IOException {
        Path draft = Files.writeString(temp.resolve("draft"), json);
        Files.move(draft, temp.resolve("rules.json"), StandardCopyOption.ATOMIC_MOVE);
    }

    private static ServiceInstance canary(Backend backend) {
        return backend.instance().toBuilder()
                .metadata(Map.of("version", "canary"))
                .build();
    }

    @Test
    void file_thatChanges_movesCallsAndDeclaresSubsets() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend c = backend("c", Wire.H1);
        Backend d = backend("d", Wire.H1);
        discovery.set("orders", a.instance(), canary(c), canary(d));
        TrafficRulesFile file = open("{\"routes\": []}");
        LoadBalancedClient client =
                closing(lb(base(Wire.H1).build()).rules(file).build());
        assertThat(body(client, REQUEST)).isEqualTo("a");

        write(TO_CANARY);
        // By turns, and not at random, as in a subset that nobody declared.
        await().atMost(Duration.ofSeconds(10)).until(() -> {
            StringBuilder answers = new StringBuilder();
            for (int i = 0; i < 20; i++) {
                answers.append(body(client, REQUEST));
            }
            return answers.toString().matches("d?(cd){9,10}c?");
        });
        assertThat(client.routes().get(0).calls()).isPositive();

        // It names what is no service of this client: the last good rules hold, and the file says why.
        write("{\"routes\": [{\"name\": \"out\", \"service\": \"example.com\"}]}");
        await().atMost(Duration.ofSeconds(10)).until(() -> file.trouble() != null);
        assertThat(file.trouble()).hasMessageContaining("routes[0] 'out': service: 'example.com'");
        assertThat(body(client, REQUEST)).isIn("c", "d");

        write("{\"routes\": [");
        await().atMost(Duration.ofSeconds(10))
                .until(() -> String.valueOf(file.trouble()).contains("line 1"));
        assertThat(body(client, REQUEST)).isIn("c", "d");

        write("{\"routes\": []}");
        await().atMost(Duration.ofSeconds(10)).until(() -> body(client, REQUEST).equals("a"));
        assertThat(client.routes()).isEmpty();
    }

    @Test
    void file_forAnotherClient_isRefusedWhenBuilt() throws Exception {
        TrafficRulesFile file = open("{\"routes\": [{\"name\": \"out\", \"service\": \"example.com\"}]}");
        LoadBalancedClient.Builder builder = lb(base(Wire.H1).build()).rules(file);

        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'out': service: 'example.com'");
        assertThat(discovery.watches("orders")).isZero();
    }
}
