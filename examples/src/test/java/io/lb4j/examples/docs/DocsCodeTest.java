package io.lb4j.examples.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.FileDiscovery;
import io.lb4j.okhttp.rules.TrafficRulesFile;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** The code in README.md and docs does what it says: extracted from there, compiled and run. */
final class DocsCodeTest {
    @TempDir
    Path temp;

    @BeforeAll
    static void startServers() throws Exception {
        Surroundings.start();
    }

    @AfterAll
    static void stopServers() {
        Surroundings.stop();
    }

    static List<CodeBlock> java() {
        return CodeBlock.inDocs("java");
    }

    static List<CodeBlock> json() {
        return CodeBlock.inDocs("json");
    }

    static List<CodeBlock> xml() {
        return CodeBlock.inDocs("xml");
    }

    static List<CodeBlock> shell() {
        return CodeBlock.inDocs("sh");
    }

    @Test
    void codeBlocks_everyOne_namesALanguageThatIsChecked() {
        assertThat(CodeBlock.markdown()).isNotEmpty();
        List<CodeBlock> checked = CodeBlock.inDocs("java", "json", "xml", "sh", "text", "");
        List<CodeBlock> others = CodeBlock.inDocs("shell", "bash", "console", "kotlin", "yaml", "http");
        assertThat(others).isEmpty();
        assertThat(checked).filteredOn(b -> b.language().equals("java")).isNotEmpty();
    }

    @ParameterizedTest
    @MethodSource
    void java(CodeBlock block) throws Exception {
        Path services = temp.resolve("services.json");
        Files.writeString(services, Surroundings.adapted("{\"services\": {\"orders\": [\"127.0.0.1:8081\"]}}", ""));
        String code = Surroundings.adapted(block.code(), services.toString());
        List<String> earlier = java().stream()
                .filter(each -> each.file().equals(block.file()) && each.line() < block.line())
                .map(CodeBlock::code)
                .toList();
        Assertions.assertTimeoutPreemptively(
                Duration.ofSeconds(50), () -> Snippet.run(code, earlier, temp.resolve("classes")));
    }

    /** JSON with services is a file of instances, and must be one that file discovery takes; with routes, one of rules. */
    @ParameterizedTest
    @MethodSource
    void json(CodeBlock block) throws Exception {
        JsonNode root = new ObjectMapper().readTree(block.code());
        if (root.has("routes")) {
            Path rules = Files.writeString(temp.resolve("rules.json"), block.code());
            TrafficRulesFile.open(rules).close();
        }
        if (!root.has("services")) {
            return;
        }
        Path file = temp.resolve("services.json");
        Files.writeString(file, block.code());
        try (ServiceDiscovery discovery = FileDiscovery.of(file)) {
            for (Iterator<String> names = root.get("services").fieldNames(); names.hasNext(); ) {
                String service = names.next();
                assertThat(firstAnswer(discovery, service))
                        .hasSize(root.get("services").get(service).size());
            }
        }
    }

    private static List<ServiceInstance> firstAnswer(ServiceDiscovery discovery, String service) throws Exception {
        CompletableFuture<List<ServiceInstance>> answer = new CompletableFuture<>();
        discovery.watch(service, new ServiceDiscovery.Listener() {
            @Override
            public void onInstances(List<ServiceInstance> instances) {
                answer.complete(instances);
            }

            @Override
            public void onUnknownService(String detail) {
                answer.completeExceptionally(new AssertionError(detail));
            }

            @Override
            public void onError(Throwable error) {
                answer.completeExceptionally(error);
            }
        });
        return answer.get(10, TimeUnit.SECONDS);
    }

    /** A dependency must be one of this build's modules in this build's version, or an import of OkHttp's BOM. */
    @ParameterizedTest
    @MethodSource
    void xml(CodeBlock block) throws Exception {
        String pom = Files.readString(CodeBlock.ROOT.resolve("pom.xml"));
        Document document = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new InputSource(new StringReader("<root>" + block.code() + "</root>")));
        NodeList artifacts = document.getElementsByTagName("artifactId");
        NodeList versions = document.getElementsByTagName("version");
        assertThat(artifacts.getLength()).isEqualTo(versions.getLength());
        for (int i = 0; i < artifacts.getLength(); i++) {
            String artifact = artifacts.item(i).getTextContent();
            String version = versions.item(i).getTextContent();
            if (artifact.startsWith("lb-")) {
                assertThat(pom).contains("<module>" + artifact + "</module>", "<version>" + version + "</version>");
            } else {
                assertThat(pom).contains(">" + version + "<");
            }
        }
    }

    /** Shell commands are run by CI where they are the subject; here it is checked that a shell can read them. */
    @ParameterizedTest
    @MethodSource
    void shell(CodeBlock block) throws Exception {
        Process bash =
                new ProcessBuilder("bash", "-n").redirectErrorStream(true).start();
        bash.getOutputStream().write(block.code().getBytes(StandardCharsets.UTF_8));
        bash.getOutputStream().close();
        String said = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(bash.waitFor()).as(said).isZero();
    }
}
