// All images:                     docker buildx bake -f docker/docker-bake.hcl
// One, into the local engine:     docker buildx bake -f docker/docker-bake.hcl recorder --load --set '*.platform=linux/arm64'
// All, into a registry:           REGISTRY=registry.example/galileo/ docker buildx bake -f docker/docker-bake.hcl --push
//
// standalone and the command `galileo` have no image: they start processes of the machine that they run on.

variable "REGISTRY" {
  description = "What stands before an image's name; ends in a slash"
  default     = ""
}

variable "VERSION" {
  default = "0.1.0"
}

group "default" {
  targets = ["services"]
}

target "services" {
  name       = service
  matrix     = { service = ["client", "loadbalancer", "orchestrator", "recorder", "telemd"] }
  context    = "."
  dockerfile = "docker/Dockerfile"
  args       = { SERVICE = service, VERSION = VERSION }
  tags       = ["${REGISTRY}galileo-${service}:${VERSION}"]
  platforms  = ["linux/amd64", "linux/arm64", "linux/arm/v7"]
}
