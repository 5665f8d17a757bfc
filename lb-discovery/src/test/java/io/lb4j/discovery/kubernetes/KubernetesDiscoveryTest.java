package io.lb4j.discovery.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Discoveries;
import io.lb4j.discovery.Recorder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a server that keeps the rules of the API. A real cluster is another matter. */
class KubernetesDiscoveryTest {
    private final Recorder recorder = new Recorder();
    private ApiServer api = new ApiServer(null);
    private ServiceDiscovery discovery;

    @AfterEach
    void close_leavesNoThread() {
        if (discovery != null) {
            discovery.close();
        }
        api.close();
        await().untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .doesNotContain("lb4j-registry-client"));
    }

    private static String slice(int... lastBytes) {
        List<String> endpoints = IntStream.of(lastBytes)
                .mapToObj(each -> "{\"addresses\":[\"10.0." + each / 256 + "." + each % 256 + "\"]}")
                .toList();
        return "{\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"http\",\"port\":80}],\"endpoints\":["
                + String.join(",", endpoints) + "]}";
    }

    private void watch(KubernetesDiscovery.Builder builder) {
        discovery = builder.namespace("shop").margin(Duration.ofSeconds(2)).build();
        discovery.watch("orders", recorder);
    }

    private KubernetesDiscovery.Builder builder() {
        return KubernetesDiscovery.builder(api.url());
    }

    private void awaitLast(String... authorities) {
        await().atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(10))
                .untilAsserted(() -> assertThat(recorder.last()).containsExactly(authorities));
    }

    private void awaitTrouble(String message) {
        await().untilAsserted(
                        () -> assertThat(recorder.messages()).containsExactly("Kubernetes " + api.url() + message));
    }

    private long lists() {
        return api.asked.stream().filter(query -> !query.contains("watch=true")).count();
    }

    private long watches() {
        return api.asked.stream().filter(query -> query.contains("watch=true")).count();
    }

    @Test
    void changesOfSeveralSlices_areSeen() {
        watch(builder());
        await().until(() -> !recorder.unknown.isEmpty());

        api.put("shop", "orders", "a", slice(1, 2));
        awaitLast("10.0.0.1:80", "10.0.0.2:80");
        api.put("shop", "orders", "b", slice(2, 3));
        awaitLast("10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80");
        api.put("shop", "users", "c", slice(4));
        api.put("other", "orders", "d", slice(5));
        api.put("shop", "orders", "a", slice());
        awaitLast("10.0.0.2:80", "10.0.0.3:80");
        api.delete("shop", "b");
        awaitLast();
        api.delete("shop", "a");
        await().until(() -> recorder.unknown.size() == 2);

        assertThat(recorder.unknown.get(0))
                .isEqualTo(
                        "Kubernetes " + api.url() + " has no service 'orders': namespace shop has no EndpointSlice with"
                                + " the label kubernetes.io/service-name=orders");
        assertThat(recorder.errors).isEmpty();
        assertThat(api.asked)
                .containsExactly(
                        "labelSelector=kubernetes.io/service-name=orders&limit=500",
                        "labelSelector=kubernetes.io/service-name=orders&watch=true&allowWatchBookmarks=true"
                                + "&resourceVersion=10&timeoutSeconds=60");
    }

    @Test
    void longList_comesInPages() {
        IntStream.rangeClosed(1, 1100).forEach(i -> api.put("shop", "orders", "s" + i, slice(i)));
        watch(builder());

        await().until(() -> recorder.last().size() == 1100);
        assertThat(lists()).isEqualTo(3);
        assertThat(recorder.snapshots).hasSize(1);
    }

    @Test
    void longList_thatGetsTooOldBetweenPages_isBegunAgain() {
        IntStream.rangeClosed(1, 1100).forEach(i -> api.put("shop", "orders", "s" + i, slice(i)));
        // In the first page, which is read anew.
        api.sayGoneAfterPages(2, () -> api.delete("shop", "s1"));
        watch(builder());

        await().until(() -> recorder.last().size() == 1099);
        assertThat(lists()).isEqualTo(2 + 3);
        assertThat(recorder.snapshots).hasSize(1);
        assertThat(recorder.errors).isEmpty();
    }

    @Test
    void listThatIsAlwaysTooOld_isATrouble() {
        api.sayEveryListIsGone();
        watch(builder());

        await().until(() -> !recorder.errors.isEmpty());
        assertThat(recorder.errors.get(0)).hasMessageContaining("410");
        assertThat(recorder.snapshots).isEmpty();
    }

    @Test
    void connectionCutInTheMiddleOfAnEvent_isReadAnew_andNoTrouble() {
        api.put("shop", "orders", "a", slice(1));
        watch(builder());
        awaitLast("10.0.0.1:80");
        await().until(() -> watches() == 1);

        api.cutNextEvent();
        api.put("shop", "orders", "a", slice(1, 2));

        awaitLast("10.0.0.1:80", "10.0.0.2:80");
        assertThat(lists()).isEqualTo(2);
        assertThat(recorder.errors).isEmpty();
    }

    /** A dead connection is the same to the client as a server that has nothing to say. */
    @Test
    void watchThatNeitherSpeaksNorEnds_isGivenUpInTime_andGoneOnWith() {
        api.put("shop", "orders", "a", slice(1));
        discovery = builder()
                .namespace("shop")
                .watchTime(Duration.ofSeconds(1))
                .margin(Duration.ofSeconds(1))
                .build();
        discovery.watch("orders", recorder);
        awaitLast("10.0.0.1:80");
        await().until(() -> watches() == 1);

        api.fallSilent();
        api.put("shop", "orders", "a", slice(2));

        awaitLast("10.0.0.2:80");
        assertThat(lists()).isEqualTo(1);
        assertThat(recorder.errors).isEmpty();
    }

    @Test
    void listThatTrickles_isTrouble_untilItComesInTime() {
        api.put("shop", "orders", "a", slice(1));
        api.trickle(true);
        discovery = builder().namespace("shop").margin(Duration.ofMillis(300)).build();
        discovery.watch("orders", recorder);
        awaitTrouble(": no answer in time");

        api.trickle(false);

        awaitLast("10.0.0.1:80");
    }

    @Test
    void endOfAWatch_isGoneOnFromTheLastBookmark() {
        api.put("shop", "orders", "a", slice(1));
        watch(builder().watchTime(Duration.ofSeconds(1)));
        awaitLast("10.0.0.1:80");
        await().until(() -> watches() == 1);
        api.put("shop", "users", "u", slice(9));
        api.bookmark();
        await().until(api::hasToldAll);
        // Whoever asks from before the bookmark is told that it is too old.
        api.forgetChanges();
        await().until(() -> watches() >= 3);
        api.put("shop", "orders", "a", slice(2));

        awaitLast("10.0.0.2:80");
        assertThat(lists()).isEqualTo(1);
        assertThat(recorder.errors).isEmpty();
    }

    @Test
    void versionThatIsTooOld_leadsToANewListAndNoTrouble() {
        for (boolean byStatus : new boolean[] {false, true}) {
            if (byStatus) {
                api.sayGoneByStatus();
            }
            api.asked.clear();
            api.put("shop", "orders", "a", slice(1));
            try (KubernetesDiscovery each =
                    builder().namespace("shop").watchTime(Duration.ofSeconds(1)).build()) {
                Recorder heard = new Recorder();
                each.watch("orders", heard);
                await().until(() -> watches() >= 1);
                api.put("shop", "users", "u", slice(9));
                api.forgetChanges();
                await().until(() -> lists() == 2 && watches() >= 3);
                api.put("shop", "orders", "a", slice(2));

                await().untilAsserted(() -> assertThat(heard.last()).containsExactly("10.0.0.2:80"));
                assertThat(heard.errors).isEmpty();
            }
        }
    }

    @Test
    void killed_leavesTheLastListInForce_andIsFoundAgain() {
        api.put("shop", "orders", "a", slice(1));
        watch(builder());
        awaitLast("10.0.0.1:80");
        await().until(() -> watches() == 1);

        api.kill();
        await().until(() -> !recorder.errors.isEmpty());
        api.start();
        await().until(() -> recorder.snapshots.size() == 2);
        // A stream that ends and a connection that is refused are two troubles, and an outage may show both.
        assertThat(recorder.errors).hasSizeBetween(1, 2);
        int before = recorder.errors.size();
        assertThat(recorder.snapshots).allMatch(recorder.snapshots.get(0)::equals);
        api.put("shop", "orders", "a", slice(2));
        awaitLast("10.0.0.2:80");

        await().until(() -> watches() == 2);
        api.kill();
        await().until(() -> recorder.errors.size() > before);
        api.loseMemory();
        api.start();
        await().until(() -> recorder.unknown.size() == 1);
        api.put("shop", "orders", "a", slice(3));
        awaitLast("10.0.0.3:80");
    }

    @Test
    void thousandChanges_endExactly() {
        api.put("shop", "orders", "a", slice(1));
        watch(builder());
        awaitLast("10.0.0.1:80");

        IntStream.rangeClosed(1, 1000).forEach(i -> api.put("shop", "orders", "s" + i % 7, slice(i)));

        awaitLast(IntStream.concat(IntStream.of(1), IntStream.rangeClosed(994, 1000))
                .mapToObj(i -> "10.0." + i / 256 + "." + i % 256 + ":80")
                .toArray(String[]::new));
        assertThat(lists()).isEqualTo(1);
    }

    @Test
    void forbidden_saysWhichRoleIsMissing_andIsAskedAgain() {
        api.put("shop", "orders", "a", slice(1));
        api.forbid(true);
        watch(builder());

        awaitTrouble(": answered 403: endpointslices.discovery.k8s.io is forbidden: User"
                + " \"system:serviceaccount:shop:web\" cannot list resource \"endpointslices\" in API group"
                + " \"discovery.k8s.io\" in the namespace \"shop\" (expected: a role that lets this account get, list and"
                + " watch endpointslices of discovery.k8s.io in namespace shop)");
        api.forbid(false);
        awaitLast("10.0.0.1:80");
    }

    @Test
    void serverThatSaysNothing_isTrouble() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            String url = "http://127.0.0.1:" + silent.getLocalPort();
            discovery = KubernetesDiscovery.builder(url)
                    .margin(Duration.ofMillis(200))
                    .build();
            discovery.watch("orders", recorder);

            await().untilAsserted(() ->
                    assertThat(recorder.messages()).containsExactly("Kubernetes " + url + ": no answer in time"));
        }
    }

    @Test
    void pod_findsItsClusterByItself_andReadsItsTokenAnew(@TempDir Path account) throws IOException {
        HeldCertificate authority =
                new HeldCertificate.Builder().certificateAuthority(0).build();
        api.close();
        api = new ApiServer(signedBy(authority));
        api.wantToken("first");
        Files.writeString(account.resolve("token"), "first\n");
        Files.writeString(account.resolve("ca.crt"), authority.certificatePem());
        Files.writeString(account.resolve("namespace"), "shop");
        api.put("shop", "orders", "a", slice(1));
        Map<String, String> environment =
                Map.of("KUBERNETES_SERVICE_HOST", "127.0.0.1", "KUBERNETES_SERVICE_PORT", String.valueOf(api.port()));
        discovery = KubernetesDiscovery.builder(new InCluster(environment::get, account))
                .watchTime(Duration.ofSeconds(1))
                .build();
        discovery.watch("orders", recorder);
        awaitLast("10.0.0.1:80");

        api.wantToken("second");
        await().until(() -> !recorder.errors.isEmpty());
        assertThat(recorder.messages())
                .containsExactly("Kubernetes " + api.url()
                        + ": answered 401: Unauthorized (expected: a token that the API server accepts)");
        Files.writeString(account.resolve("token"), "second\n");
        api.put("shop", "orders", "a", slice(2));
        awaitLast("10.0.0.2:80");
    }

    @Test
    void authorityThatIsReplaced_isTrustedWithoutARestart(@TempDir Path account) throws IOException {
        HeldCertificate first =
                new HeldCertificate.Builder().certificateAuthority(0).build();
        HeldCertificate second =
                new HeldCertificate.Builder().certificateAuthority(0).build();
        Path ca = Files.writeString(account.resolve("ca.crt"), first.certificatePem());
        api.close();
        api = new ApiServer(signedBy(first));
        api.put("shop", "orders", "a", slice(1));
        discovery = Discoveries.open("k8s://shop/orders?watchTime=1s&caFile=" + ca + "&server=" + api.url());
        discovery.watch("orders", recorder);
        awaitLast("10.0.0.1:80");

        int port = api.port();
        api.kill();
        api = new ApiServer(signedBy(second), port);
        api.put("shop", "orders", "a", slice(2));
        await().until(() -> recorder.messages().stream().anyMatch(text -> text.contains("PKIX")));
        // A file that is being written has nothing to go by.
        Files.writeString(ca, "");
        Files.writeString(ca, second.certificatePem());

        awaitLast("10.0.0.2:80");
    }

    private static SSLContext signedBy(HeldCertificate authority) {
        return new HandshakeCertificates.Builder()
                .heldCertificate(new HeldCertificate.Builder()
                        .signedBy(authority)
                        .addSubjectAlternativeName("127.0.0.1")
                        .build())
                .build()
                .sslContext();
    }

    @Test
    void outsideOfACluster_saysWhatIsMissing(@TempDir Path nothing) {
        InCluster place = new InCluster(name -> null, nothing);

        assertThatThrownBy(() -> KubernetesDiscovery.builder(place))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT: not set (expected: ");
        assertThat(new InCluster(
                                Map.of("KUBERNETES_SERVICE_HOST", "fd00::1", "KUBERNETES_SERVICE_PORT", "443")::get,
                                nothing)
                        .url())
                .isEqualTo("https://[fd00::1]:443");
    }

    @Test
    void uri_opensIt() {
        api.put("shop", "orders-v2", "a", slice(1));
        discovery = Discoveries.open("k8s://shop/orders-v2:http?secure=true&watchTime=5s&server=" + api.url());
        discovery.watch("orders", recorder);

        awaitLast("10.0.0.1:80");
        assertThat(recorder.snapshots.get(0)).allMatch(ServiceInstance::secure);
        assertThatThrownBy(() -> Discoveries.open("k8s://shop/orders"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("server: none, and KUBERNETES_SERVICE_HOST");
        assertThatThrownBy(() -> Discoveries.open("k8s://Shop/orders?server=" + api.url()))
                .hasMessageStartingWith("namespace: 'Shop' (expected: ");
    }

    @Test
    void nameOrToken_thatWontDo_isRefused() {
        assertThatThrownBy(() -> ServiceName.parse("Orders", "default"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("service: 'Orders' (expected: service, service:port or namespace/service:port");
        assertThat(ServiceName.parse("shop/orders:http", "default"))
                .isEqualTo(new ServiceName("shop", "orders", "http"));
        assertThatThrownBy(() -> KubernetesDiscovery.builder("http://10.0.0.1")
                        .token(() -> "secret")
                        .build())
                .hasMessage("Kubernetes: http://10.0.0.1 with a token (expected: https, or a loopback address)");
    }
}
