package io.lb4j.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lb4j.PickRequest;
import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.discovery.Discoveries;
import io.lb4j.discovery.conformance.RealSource;
import io.lb4j.strategy.Strategies;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code DiscoveryExample} as the README says to run it, and the demo's servers, in real registries. */
final class DiscoveryExampleTest {
    private static final Pattern COMMAND =
            Pattern.compile("io\\.lb4j\\.examples\\.DiscoveryExample ((\\w+):\\S+)$", Pattern.MULTILINE);

    @TempDir
    Path directory;

    private RealSource source;

    @AfterEach
    void stopServer() throws Exception {
        if (source != null) {
            source.close();
        }
    }

    /** The URIs of README's commands by their schemes; of several the last, which names a server. */
    private static Map<String, String> commands() throws Exception {
        Map<String, String> uris = new LinkedHashMap<>();
        COMMAND.matcher(Files.readString(Path.of("README.md")))
                .results()
                .forEach(found -> uris.put(found.group(2), found.group(1)));
        return uris;
    }

    static Stream<String> documented() throws Exception {
        return commands().keySet().stream().filter(Sources.schemes()::contains);
    }

    static Stream<String> registering() {
        return Registering.schemes().stream().filter(Sources.schemes()::contains);
    }

    @Test
    void readme_commands_areOneForEachRegistry() throws Exception {
        Set<String> others = new TreeSet<>(Discoveries.schemes());
        // Those that have examples of their own, and a scheme of a test's.
        others.removeAll(Set.of("file", "registry", "static", "echo"));

        assertThat(commands().keySet()).containsExactlyInAnyOrderElementsOf(others);
    }

    @ParameterizedTest
    @MethodSource("documented")
    @Timeout(value = 2, unit = TimeUnit.MINUTES)
    void command_realRegistry_holdsItsClaim(String scheme) throws Exception {
        source = Sources.start(scheme, directory);
        try (AppServer one = AppServer.start("one");
                AppServer two = AppServer.start("two")) {
            if (!Registering.schemes().contains(scheme)) {
                source.put("orders", one.instance());
                source.put("orders", two.instance());
            }
            String uri = commands()
                    .get(scheme)
                    .replaceFirst("127\\.0\\.0\\.1:\\d+", source.address())
                    .replaceFirst("_tcp\\.internal$", "_tcp.test"); // the zone that the test's DNS server has

            DiscoveryExample.main(uri);

            assertThat(Math.min(one.calls(), two.calls()) > 0)
                    .isEqualTo(!Registering.schemes().contains(scheme));
        }
    }

    /** What the demo does with a registry, without the half minute that it takes to show. */
    @ParameterizedTest
    @MethodSource("registering")
    @Timeout(value = 2, unit = TimeUnit.MINUTES)
    void demoServer_realRegistry_isFoundByItsName_andNobodyElseIs(String scheme) throws Exception {
        source = Sources.start(scheme, directory);
        String uri = scheme + "://" + source.address() + (scheme.equals("eureka") ? "?interval=1s" : "");
        source.put(
                DemoServer.SERVICE,
                ServiceInstance.builder("127.0.0.1", 1).id("alpha").build());
        try (DemoProcess ofOthers = DemoProcess.start("alpha", uri, "another");
                DemoProcess bravo = DemoProcess.start("bravo", uri, "this");
                ServiceDiscovery discovery = DemoServer.ofShow(Discoveries.open(uri), "this");
                LoadBalancer balancer = LoadBalancer.builder(DemoServer.SERVICE)
                        .discovery(discovery)
                        .strategy(Strategies.roundRobin())
                        .build()) {
            ofOthers.awaitRegistered();
            bravo.awaitRegistered();

            await().atMost(Duration.ofSeconds(90))
                    .until(() -> balancer.instances().size() == 1);
            assertThat(balancer.acquire(PickRequest.plain()).instance().id()).isEqualTo("bravo");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--discovery file:services.json | --discovery: 'file:services.json' (expected: a registry in which servers register",
                "--discovery dns:///orders?port=1 | one of [consul,",
                "--discovery static:127.0.0.1:1 | since the demo starts and kills servers of its own",
                "--discovery consul://127.0.0.1:8500?pasing=true | pasing (did you mean 'passing'?): unknown",
                "--discovery consuul://127.0.0.1 | scheme: consuul (did you mean 'consul'?)",
                "--discovery | arguments: '--discovery' (expected: none, --help, or --discovery URI)",
                "--discover x | arguments: '--discover x'",
            })
    void demo_wrongCommand_saysSoBeforeAnythingIsStarted(String command, String expected) throws Exception {
        ByteArrayOutputStream err = new ByteArrayOutputStream();

        assertThat(Demo.run(System.out, new PrintStream(err), command.split(" ", -1)))
                .isEqualTo(2);

        assertThat(err.toString(StandardCharsets.UTF_8)).startsWith("Demo: ").contains(expected, "usage: Demo");
    }

    @Test
    void demo_registryThatIsDown_saysWhoCouldNotRegisterAndWhy() throws Exception {
        ByteArrayOutputStream err = new ByteArrayOutputStream();

        assertThat(Demo.run(System.out, new PrintStream(err), "--discovery", "registry://127.0.0.1:1"))
                .isEqualTo(1);

        assertThat(err.toString(StandardCharsets.UTF_8))
                .startsWith("Demo: ")
                .contains(" can't register: registration of orders/", "127.0.0.1:1");
    }

    @Test
    void example_noUri_saysWhatIsExpected() {
        assertThatThrownBy(DiscoveryExample::main)
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("usage: DiscoveryExample URI");
        assertThat(List.of("consul", "etcd", "registry", "zk")).isSubsetOf(Registering.schemes());
    }
}
