// Command collector is the OpenTelemetry Collector with the few parts that the tests need: it takes
// OTLP over HTTP and writes what it understood to files and to a Prometheus page.
package main

import (
	"errors"
	"os"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter"
	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/prometheusexporter"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/healthcheckextension"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
)

const version = "0.161.0"

func parts() (otelcol.Factories, error) {
	receivers, receiverFault := otelcol.MakeFactoryMap[receiver.Factory](otlpreceiver.NewFactory())
	exporters, exporterFault := otelcol.MakeFactoryMap[exporter.Factory](
		fileexporter.NewFactory(), prometheusexporter.NewFactory())
	extensions, extensionFault := otelcol.MakeFactoryMap[extension.Factory](
		healthcheckextension.NewFactory())
	return otelcol.Factories{
		Receivers:  receivers,
		Exporters:  exporters,
		Extensions: extensions,
		Telemetry:  otelconftelemetry.NewFactory(),
	}, errors.Join(receiverFault, exporterFault, extensionFault)
}

func main() {
	// The environment's provider is the default one of the resolver, so it has to be there.
	resolver := confmap.ResolverSettings{ProviderFactories: []confmap.ProviderFactory{
		envprovider.NewFactory(), fileprovider.NewFactory()}}
	settings := otelcol.CollectorSettings{
		BuildInfo: component.BuildInfo{
			Command: "collector", Description: "OpenTelemetry Collector for tests", Version: version},
		Factories:              parts,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: resolver},
	}
	if otelcol.NewCommand(settings).Execute() != nil {
		os.Exit(1)
	}
}
